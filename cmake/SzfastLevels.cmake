# The operations of cpp/cpu are compiled once per x86-64 level, in a namespace each; the level is picked when they first run.
function(szfast_add_levels target)
  set(levels baseline)
  option(SZFAST_ALL_LEVELS "Compile for newer CPUs too" ON)
  if(SZFAST_ALL_LEVELS AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND levels v3 v4)
    target_compile_definitions(${target} PRIVATE SZFAST_X86_LEVELS)
  endif()
  # what a file stores becomes the same bits at all levels, and those of NumPy: a product and a sum are rounded each
  set_source_files_properties(cpp/cpu/stored_columns.cpp PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
  foreach(level IN LISTS levels)
    set(objects szfast_${level})
    add_library(${objects} OBJECT cpp/cpu/deposit_corners.cpp cpp/cpu/deposit_separable.cpp cpp/cpu/observe.cpp
      cpp/cpu/mesh_spread.cpp cpp/cpu/mesh_transform.cpp cpp/cpu/mesh_slice.cpp cpp/cpu/spread_view.cpp
      cpp/cpu/stored_columns.cpp)
    target_include_directories(${objects} PRIVATE cpp/include cpp/cpu)
    target_compile_definitions(${objects} PRIVATE SZFAST_LEVEL=${level})
    # sqrt without errno is one instruction; nothing here reads errno. Vectors of lanes never cross a library's boundary.
    target_compile_options(${objects} PRIVATE -Wall -Wextra -fno-math-errno -fno-trapping-math -Wno-psabi)
    # without optimisation the standard library's inline functions become weak symbols
    target_compile_options(${objects} PRIVATE $<$<CONFIG:Debug>:-O1>)
    if(NOT level STREQUAL "baseline")
      target_compile_options(${objects} PRIVATE -march=x86-64-${level})
      if(level STREQUAL "v4" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # otherwise conversions of whole vectors are cut in two
        target_compile_options(${objects} PRIVATE -mprefer-vector-width=512)
      endif()
      # a weak symbol compiled for a newer CPU would be linked for everybody
      if(CMAKE_NM)
        add_custom_command(TARGET ${target} PRE_LINK COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} "-DOBJECTS=$<TARGET_OBJECTS:${objects}>"
          -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/NoWeakSymbols.cmake VERBATIM)
      endif()
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
endfunction()
