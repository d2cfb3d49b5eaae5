# Headers that most files include, parsed once: two thirds of the time of a build went into parsing them again for each
# file. A file still includes what it uses: script/nightly builds once without this (CMAKE_DISABLE_PRECOMPILE_HEADERS).
#
# Two sets, one for sources and one for tests; a target takes one of them with
#   target_precompile_headers(TARGET REUSE_FROM precompiled | precompiled_test)
set(common_headers
  <algorithm> <array> <cassert> <charconv> <chrono> <cstdint> <deque> <expected> <functional> <limits> <map> <memory>
  <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <vector> <fmt/format.h>)

# Two clones share what ccache keeps only if neither the command nor the precompiled header says where the clone is. The
# path of the header's source, which clang does not need again, is left out of the command. ccache hashes the file *.sum
# beside the compiled one instead of it (CCACHE_PCH_EXTSUM), and by the depfile every header that went into it.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(payswitch_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
endif()

foreach(name precompiled precompiled_test)
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.cc "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE payswitch_flags)
  file(WRITE ${CMAKE_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch.sum "${name} ${common_headers}")
endforeach()
target_precompile_headers(precompiled PRIVATE ${common_headers})
if(PAYSWITCH_TESTS)
  target_link_libraries(precompiled_test PRIVATE GTest::gmock)
  target_precompile_headers(precompiled_test PRIVATE ${common_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()
