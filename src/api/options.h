#pragma once

namespace payswitch::api {

struct Options {
  // A field of a payment that is not known is 400; else it is taken away without a word.
  bool refuse_unknown_fields = true;
};

}  // namespace payswitch::api
