foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[0-9a-f]+ [WV] [^\n]*" weak "${symbols}")
  # a pointer to the routine that unwinds, no code
  list(FILTER weak EXCLUDE REGEX " DW\\.ref\\.")
  if(weak)
    message(FATAL_ERROR "${object} has weak symbols, which a CPU without its instructions could be given: ${weak}")
  endif()
endforeach()
