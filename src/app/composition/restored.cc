#include "app/composition/restored.h"

#include <algorithm>

namespace payswitch::app {

namespace {

// What was charged there since the copy was taken is not found.
void warn_of_processors_not_asked(const dispatch::Dispatcher& dispatcher, const store::Store& store,
                                  platform::Log& log) {
  for (const std::string& name : store.names()) {
    const bool is_asked = std::ranges::any_of(dispatcher.upstreams(), [&](const auto& upstream) {
      return upstream->options().name == name;
    });
    if (is_asked) continue;
    log.error(
        "processor '{}' is known to the restored store and not configured: it is not asked, and "
        "what it has charged since the copy was taken will be charged again; configure it",
        name);
  }
}

}  // namespace

void warn_if_restored(const dispatch::Dispatcher& dispatcher, const store::Store& store,
                      platform::Log& log) {
  if (dispatcher.restored() != dispatch::Restored::yes) return;
  platform::Duration longest{0};
  for (const auto& upstream : dispatcher.upstreams()) {
    longest = std::max<platform::Duration>(longest, upstream->options().hang_up);
  }
  log.warn(
      "this store is a restored copy (--restored): each new payment is asked for at every "
      "processor before it is sent. A request of the process before that is still on its way is "
      "not seen by that: no other switch may be running, and the last one must have ended at least "
      "{} s ago (hang_up), or as long ago as any processor may still work on a request. When "
      "clients repeat nothing any more that was paid before the copy was restored, and "
      "payswitch_asking_first is 0, end this with --restored=done",
      std::chrono::ceil<std::chrono::seconds>(longest).count());
  warn_of_processors_not_asked(dispatcher, store, log);
}

}  // namespace payswitch::app
