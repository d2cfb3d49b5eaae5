#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "tools/processor/processor.h"

namespace payswitch::lab {

// A response that is ready at once.
struct Reply {
  unsigned status = 200;
  std::string body = {};
  std::string_view content_type = "application/json";  // of a body that is not empty
  bool silence = false;                                // none of that: the connection is closed
};

// Everything that a processor is asked, save POST /payments, which takes its time. Pure: reads and
// changes only `processor`.
Reply answer(Processor& processor, const http::Request& request, platform::Instant now);

}  // namespace payswitch::lab
