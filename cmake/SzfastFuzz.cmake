# SZFAST_FUZZ = ON: everything is built to tell libFuzzer what it reaches, with addresses and undefined behaviour watched;
# cpp/fuzz then makes fuzz_engine. Needs clang with libFuzzer: clang and libclang-rt-dev of Debian.
option(SZFAST_FUZZ "Build the engine for libFuzzer, and what calls it at random" OFF)
if(SZFAST_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "SZFAST_FUZZ needs clang, not ${CMAKE_CXX_COMPILER_ID}: set CXX=clang++")
  endif()
  # types of functions are weak symbols, which no CPU level may have; nothing here calls through a wrong one
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize=function,vptr
    -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=address,undefined)
endif()
