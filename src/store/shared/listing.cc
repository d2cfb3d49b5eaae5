#include "store/shared/listing.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>
#include <vector>

#include "store/shared/keys.h"
#include "store/shared/view.h"

namespace payswitch::store::shared {

namespace {

namespace wire = payswitch::redis;

constexpr std::string_view keys_at_once = "200";
constexpr std::string_view payment_keys = "ps:{s[0-9][0-9]}:p:*";
constexpr std::size_t longest_scan = 20;  // digits of a 64-bit number

// One page while it is being made.
struct Listing {
  books::Window window;
  ListCursor cursor;
  std::string next_scan;
  std::vector<payment::CorrelationId> ids;
  std::vector<PaymentView> found;
  std::size_t answered = 0;
  bool is_whole = true;
  Store::ListDone done;

  Page page();
};

// By id, so that what does not fit can go on behind the last one.
Page Listing::page() {
  Page page;
  std::ranges::sort(found, {}, &PaymentView::id);
  if (found.size() > max_page_payments) {
    found.resize(max_page_payments);
    page.next = to_string({.scan = cursor.scan, .behind = found.back().id});
  } else if (next_scan != "0") {
    page.next = to_string({.scan = next_scan, .behind = {}});
  }
  page.payments = std::move(found);
  return page;
}

void look_at(wire::Client& client, const std::shared_ptr<Listing>& listing,
             const payment::CorrelationId& id) {
  const std::string key = payment_key(id);
  const std::string_view words[] = {"HGETALL", key};
  client.command(words, [listing, id](const std::expected<wire::Reply, wire::Failure>& reply) {
    listing->is_whole = listing->is_whole && reply && !reply->is_error();
    if (listing->is_whole) {
      auto view = view_of(id, *reply);
      listing->is_whole = view.has_value();
      if (view && *view && is_in(listing->window, **view)) {
        listing->found.push_back(**std::move(view));
      }
    }
    if (++listing->answered < listing->ids.size()) return;
    if (!listing->is_whole) return listing->done(std::unexpected(Unavailable{}));
    listing->done(listing->page());
  });
}

void scanned(wire::Client& client, const std::shared_ptr<Listing>& listing,
             const wire::Reply& reply) {
  listing->next_scan = reply.elements.at(0).text;
  for (const wire::Reply& key : reply.elements.at(1).elements) {
    const auto colon = key.text.rfind(':');
    const auto id = payment::CorrelationId::parse(std::string_view(key.text).substr(colon + 1));
    if (id && (!listing->cursor.behind || *listing->cursor.behind < *id)) {
      listing->ids.push_back(*id);
    }
  }
  if (listing->ids.empty()) return listing->done(listing->page());
  for (const payment::CorrelationId& id : listing->ids) look_at(client, listing, id);
}

}  // namespace

std::string to_string(const ListCursor& cursor) {
  return cursor.scan + "-" + (cursor.behind ? cursor.behind->to_string() : std::string());
}

std::optional<ListCursor> parse_cursor(std::string_view text) {
  ListCursor cursor;
  if (text.empty()) return cursor;
  const auto dash = text.find('-');
  if (dash == 0 || dash > longest_scan) return std::nullopt;
  cursor.scan = text.substr(0, dash);
  if (!std::ranges::all_of(cursor.scan, [](unsigned char c) { return std::isdigit(c); })) {
    return std::nullopt;
  }
  text.remove_prefix(dash + 1);
  if (text.empty()) return cursor;
  cursor.behind = payment::CorrelationId::parse(text);
  if (!cursor.behind) return std::nullopt;
  return cursor;
}

bool is_in(const books::Window& window, const PaymentView& view) {
  const auto fits = [&](payment::UtcMs time) { return window.from <= time && time <= window.to; };
  if (view.state == payment::State::settled && fits(*view.requested_at)) return true;
  return std::ranges::any_of(view.attempts, fits, &AttemptView::requested_at);
}

void list_page(wire::Client& client, const books::Window& window, const ListCursor& cursor,
               Store::ListDone done) {
  auto listing = std::make_shared<Listing>();
  listing->window = window;
  listing->cursor = cursor;
  listing->done = std::move(done);
  const std::string_view words[] = {"SCAN",       cursor.scan, "MATCH",
                                    payment_keys, "COUNT",     keys_at_once};
  client.command(words, [&client, listing](const std::expected<wire::Reply, wire::Failure>& reply) {
    if (!reply || reply->is_error()) return listing->done(std::unexpected(Unavailable{}));
    scanned(client, listing, *reply);
  });
}

}  // namespace payswitch::store::shared
