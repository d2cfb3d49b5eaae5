# Headers that most files include, parsed once: two thirds of the time of a build went into parsing them again for each
# file. A file still includes what it uses: script/nightly builds once without this (CMAKE_DISABLE_PRECOMPILE_HEADERS).
#
# Two sets, one for sources and one for tests; a target takes one of them with
#   target_precompile_headers(TARGET REUSE_FROM precompiled | precompiled_test)
set(common_headers
  <algorithm> <array> <cassert> <charconv> <chrono> <cstdint> <deque> <expected> <functional> <limits> <map> <memory>
  <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <vector> <fmt/format.h>)

# ccache can only then tell two such headers apart by their content.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(payswitch_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()

set(sets precompiled)
if(PAYSWITCH_TESTS)
  list(APPEND sets precompiled_test)
endif()
foreach(name ${sets})
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.cc "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE payswitch_flags)
endforeach()
target_precompile_headers(precompiled PRIVATE ${common_headers})
if(PAYSWITCH_TESTS)
  target_link_libraries(precompiled_test PRIVATE GTest::gmock)
  target_precompile_headers(precompiled_test PRIVATE ${common_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()
