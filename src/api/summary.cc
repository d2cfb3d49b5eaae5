#include "api/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/unavailable.h"
#include "api/window.h"
#include "http/problem.h"

namespace payswitch::api {

namespace {

void append(std::string& json, std::string_view name, const payment::Total& total) {
  fmt::format_to(std::back_inserter(json), R"({}"{}":{{"totalRequests":{},"totalAmount":{}}})",
                 json.empty() ? "{" : ",", name, total.count, total.amount());
}

// `default` and `fallback` always, in this order; whatever else the store knows behind them. Of a
// processor whose name has come only since, nothing is told.
std::string to_json(const store::Summary& summary, const std::vector<std::string>& names) {
  static constexpr std::string_view always[] = {"default", "fallback"};
  const std::size_t known = std::min(names.size(), summary.by_processor.size());
  std::string json;
  for (const std::string_view name : always) {
    const auto at = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    append(json, name, at < known ? summary.by_processor[at] : payment::Total{});
  }
  for (std::size_t at = 0; at < known; ++at) {
    if (std::ranges::find(always, names[at]) == std::end(always)) {
      append(json, names[at], summary.by_processor[at]);
    }
  }
  return json + "}";
}

}  // namespace

void Summary::operator()(const http::Request& request, http::Responder respond) {
  const auto window = read_window(request.query);
  if (!window) return respond_with_problem(std::move(respond), window.error());
  dispatcher_.declare_final(std::min(window->to, clock_.wall()),
                            [this, window = *window, respond = std::move(respond)](
                                std::optional<payment::UtcMs> until) mutable {
                              tell(window, until, std::move(respond));
                            });
}

void Summary::tell(const books::Window& window, std::optional<payment::UtcMs> final_until,
                   http::Responder respond) {
  store_.summary(
      window, [this, final_until, respond = std::move(respond)](const auto& summary) mutable {
        if (!summary) return answer_unavailable(std::move(respond), {});
        std::string until = final_until ? payment::format_iso8601(*final_until) : std::string();
        const http::Field field{"Payswitch-Final-Until", until};
        respond({.body = to_json(*summary, store_.names()),
                 .fields = {&field, final_until ? std::size_t{1} : 0}});
      });
}

}  // namespace payswitch::api
