# SZFAST_SANITIZE = "address,undefined" or "thread": everything is built with these sanitizers; the first finding ends the program.
set(SZFAST_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")
if(SZFAST_SANITIZE)
  set(flags -fsanitize=${SZFAST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  if(SZFAST_SANITIZE MATCHES "undefined")
    # what a number that does not fit becomes is the processor's choice; not part of "undefined"
    list(APPEND flags -fsanitize=float-cast-overflow)
  endif()
  add_compile_options(${flags})
  # an index beyond a vector's end, though within its memory
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(${flags})
endif()
