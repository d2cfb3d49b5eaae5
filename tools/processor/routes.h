#pragma once

#include "http/message.h"
#include "tools/processor/processor.h"
#include "tools/processor/response.h"

namespace payswitch::lab {

// Everything that a processor is asked, save POST /payments, which takes its time. Pure: reads and
// changes only `processor`.
Response answer(Processor& processor, const http::Request& request, platform::Instant now);

}  // namespace payswitch::lab
