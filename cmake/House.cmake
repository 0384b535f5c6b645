# How every target of the house is compiled, and the three ways to make one.

find_package(Threads REQUIRED)

add_library(house_flags INTERFACE)
target_compile_options(house_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives from inlined standard library code under these at -O2 and above.
  target_compile_options(house_flags INTERFACE -Wno-restrict -Wno-stringop-overflow
                                               -Wno-maybe-uninitialized -Wno-array-bounds)
  # ThreadSanitizer does not see the fences of Asio and Crypto++. Their mutexes it does see.
  target_compile_options(house_flags INTERFACE -Wno-tsan)
endif()

# house_library(NAME SOURCES... LINK PUBLIC/PRIVATE...): the target of one folder of lib/.
function(house_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../lib)
    target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} house_flags)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../lib)
    target_link_libraries(${name} INTERFACE ${ARG_PUBLIC})
  endif()
endfunction()

# All programs whose tests run several threads: what ThreadSanitizer has to see.
add_custom_target(threads_tests)

# house_test(NAME [THREADS] SOURCES... LINK...): one GoogleTest program; each of its tests is a ctest
# test. THREADS: labelled `threads`, and part of the target threads_tests.
function(house_test name)
  cmake_parse_arguments(ARG "THREADS" "" "SOURCES;LINK" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} house_flags GTest::gtest GTest::gmock
                                        GTest::gtest_main)
  set(labels)
  if(ARG_THREADS)
    add_dependencies(threads_tests ${name})
    set(labels LABELS threads)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 ${labels})
endfunction()
