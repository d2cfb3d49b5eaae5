#include "tools/processor/faults.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "tools/processor/bodies.h"

namespace payswitch::lab {
namespace {

constexpr std::uint64_t min_status = 200;
constexpr std::uint64_t max_status = 599;

constexpr std::array<std::pair<std::string_view, PostFault>, 10> post_faults{{
    {"none", PostFault::none},
    {"drop", PostFault::drop},
    {"take_and_drop", PostFault::take_and_drop},
    {"take_late", PostFault::take_late},
    {"answer_late", PostFault::answer_late},
    {"error_booked", PostFault::error_booked},
    {"error_unbooked", PostFault::error_unbooked},
    {"garble_booked", PostFault::garble_booked},
    {"garble_unbooked", PostFault::garble_unbooked},
    {"status", PostFault::status},
}};

constexpr std::array<std::pair<std::string_view, GetFault>, 5> get_faults{{
    {"none", GetFault::none},
    {"no_zone", GetFault::no_zone},
    {"not_found", GetFault::not_found},
    {"status", GetFault::status},
    {"drop", GetFault::drop},
}};

// The fields of PUT /lab/faults, in the order of `fields_of_faults`.
enum FieldIndex : std::size_t { post, count, late_ms, status, get, get_count, get_status };

using Fields = std::array<http::JsonField, 7>;

Fields fields_of_faults() {
  return {{{.name = "post"},
           {.name = "count"},
           {.name = "late_ms"},
           {.name = "status"},
           {.name = "get"},
           {.name = "get_count"},
           {.name = "get_status"}}};
}

bool is_absent(const http::JsonField& field) {
  return field.kind == http::JsonField::Kind::absent;
}

// Sets `fault` when the field is there. False when it is there and names no fault.
template <class Table, class Fault>
bool read_fault(const http::JsonField& field, const Table& table, Fault& fault) {
  if (is_absent(field)) return true;
  if (field.kind != http::JsonField::Kind::string) return false;
  const auto row = std::ranges::find(table, field.text, [](const auto& r) { return r.first; });
  if (row == table.end()) return false;
  fault = row->second;
  return true;
}

// Sets `value` when the field is there. False when it is there and out of range.
template <class Value>
bool read_number(const http::JsonField& field, std::uint64_t min, std::uint64_t max, Value& value) {
  if (is_absent(field)) return true;
  const auto number = whole_number(field, max);
  if (!number || *number < min) return false;
  value = static_cast<Value>(*number);
  return true;
}

bool is_late(PostFault fault) {
  return fault == PostFault::take_late || fault == PostFault::answer_late;
}

// One request fewer. False when none was left.
bool use_up(std::optional<std::uint64_t>& left) {
  if (!left) return true;
  if (*left == 0) return false;
  --*left;
  return true;
}

}  // namespace

std::expected<Faults, std::string> Faults::parse(std::string_view json) {
  Fields fields = fields_of_faults();
  if (auto read = read_object(json, fields); !read) return std::unexpected(std::move(read.error()));
  Faults faults;
  std::uint64_t late = 0;
  PostMischief& on_post = faults.post_;
  GetMischief& on_get = faults.get_;
  const bool ok[] = {
      read_fault(fields[post], post_faults, on_post.fault),
      read_number(fields[count], 0, max_count, faults.posts_left_),
      read_number(fields[late_ms], 0, max_late_ms, late) &&
          !(is_late(on_post.fault) && is_absent(fields[late_ms])),
      read_number(fields[status], min_status, max_status, on_post.status) &&
          !(on_post.fault == PostFault::status && is_absent(fields[status])),
      read_fault(fields[get], get_faults, on_get.fault),
      read_number(fields[get_count], 0, max_count, faults.gets_left_),
      read_number(fields[get_status], min_status, max_status, on_get.status) &&
          !(on_get.fault == GetFault::status && is_absent(fields[get_status])),
  };
  static_assert(std::size(ok) == std::tuple_size_v<Fields>);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!ok[i]) return std::unexpected(std::string(fields[i].name));
  }
  on_post.late = std::chrono::milliseconds(late);
  return faults;
}

PostMischief Faults::strike_post() {
  return use_up(posts_left_) ? post_ : PostMischief{};
}

GetMischief Faults::strike_get() {
  return use_up(gets_left_) ? get_ : GetMischief{};
}

}  // namespace payswitch::lab
