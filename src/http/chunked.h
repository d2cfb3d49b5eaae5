#pragma once

#include <cstddef>

namespace payswitch::http {

// The fewest bytes with which Beast's parser may be called inside a chunked body: "0\r\n\r\n".
// Called with the last chunk's size line and less than its end, it asserts on the next byte
// (Boost 1.81, parse_chunk_header: BOOST_ASSERT(n >= 5)). Every well-formed rest is at least that
// long, so waiting for it never waits in vain.
inline constexpr std::size_t min_chunked_rest = 5;

}  // namespace payswitch::http
