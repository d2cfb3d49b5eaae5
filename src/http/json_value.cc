#include "http/json_value.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

namespace payswitch::http {

namespace {

namespace json = boost::json;

// Boost.JSON's events, built up to a tree.
class TreeBuilder {
 public:
  using Kind = JsonValue::Kind;
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  JsonValue take() { return std::move(root_.values.front()); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return begin(Kind::object); }
  bool on_object_end(std::size_t, json::error_code&) { return end(); }
  bool on_array_begin(json::error_code&) { return begin(Kind::array); }
  bool on_array_end(std::size_t, json::error_code&) { return end(); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return add(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    add(part);
    open_.back()->keys.push_back(std::exchange(text_, {}));
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return add(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    return value(Kind::string, part);
  }
  bool on_number_part(json::string_view part, json::error_code&) { return add(part); }
  bool on_int64(std::int64_t, json::string_view part, json::error_code&) {
    return value(Kind::number, part);
  }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code&) {
    return value(Kind::number, part);
  }
  bool on_double(double, json::string_view part, json::error_code&) {
    return value(Kind::number, part);
  }
  bool on_bool(bool truth, json::error_code&) {
    return value(Kind::boolean, truth ? "true" : "false");
  }
  bool on_null(json::error_code&) { return value(Kind::null, ""); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool add(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  // An open value's address holds: nothing is added to the one that it lies in.
  bool begin(Kind kind) {
    auto& values = open_.back()->values;
    values.push_back({.kind = kind, .text = {}, .keys = {}, .values = {}});
    open_.push_back(&values.back());
    return true;
  }
  bool end() {
    open_.pop_back();
    return true;
  }
  bool value(Kind kind, json::string_view last_part) {
    add(last_part);
    open_.back()->values.push_back(
        {.kind = kind, .text = std::exchange(text_, {}), .keys = {}, .values = {}});
    return true;
  }

  JsonValue root_;
  std::vector<JsonValue*> open_{&root_};
  std::string text_;
};

}  // namespace

const JsonValue& JsonValue::operator[](std::string_view key) const {
  static const JsonValue absent{.kind = Kind::absent, .text = {}, .keys = {}, .values = {}};
  const auto found = std::ranges::find(keys, key);
  return found == keys.end() ? absent : values[static_cast<std::size_t>(found - keys.begin())];
}

std::expected<JsonValue, std::string> read_json(std::string_view text) {
  json::basic_parser<TreeBuilder> parser{json::parse_options{}};
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error) return std::unexpected("not JSON: " + error.message());
  if (read < text.size()) return std::unexpected("not JSON: bytes after the end");
  return parser.handler().take();
}

}  // namespace payswitch::http
