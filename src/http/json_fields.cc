#include "http/json_fields.h"

#include <boost/json/basic_parser_impl.hpp>

namespace payswitch::http {

namespace {

namespace json = boost::json;

// Boost.JSON's events, filtered down to the fields of the outermost object.
class FieldCollector {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  FieldCollector(std::span<JsonField> fields, std::optional<std::string>* unknown)
      : fields_(fields), unknown_(unknown) {}

  bool is_object() const { return is_object_; }

  // The number that is being read cannot be: its exponent has more digits than anybody counts.
  void fail_number() {
    if (!current_) return;
    current_->kind = JsonField::Kind::number;
    current_->text.clear();
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    if (depth_ == 0) is_object_ = true;
    return begin(JsonField::Kind::object);
  }
  bool on_object_end(std::size_t, json::error_code&) { return end(); }
  bool on_array_begin(json::error_code&) { return begin(JsonField::Kind::array); }
  bool on_array_end(std::size_t, json::error_code&) { return end(); }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    if (at_top()) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    if (!at_top()) return true;
    key_.append(part.data(), part.size());
    current_ = nullptr;
    for (JsonField& field : fields_) {
      if (field.name == key_) current_ = &field;
    }
    if (!current_ && unknown_ && !*unknown_) *unknown_ = key_;
    key_.clear();
    if (current_ && current_->kind != JsonField::Kind::absent) {
      current_->duplicate = true;
      current_ = nullptr;
    }
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return text(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    text(part);
    return value(JsonField::Kind::string);
  }
  bool on_number_part(json::string_view part, json::error_code&) { return text(part); }
  bool on_int64(std::int64_t, json::string_view part, json::error_code&) { return number(part); }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code&) { return number(part); }
  bool on_double(double, json::string_view part, json::error_code&) { return number(part); }
  bool on_bool(bool truth, json::error_code&) {
    text(truth ? "true" : "false");
    return value(JsonField::Kind::boolean);
  }
  bool on_null(json::error_code&) { return value(JsonField::Kind::null); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool at_top() const { return is_object_ && depth_ == 1; }
  bool begin(JsonField::Kind kind) {
    if (at_top()) value(kind);
    ++depth_;
    return true;
  }
  bool end() {
    --depth_;
    return true;
  }
  bool text(json::string_view part) {
    if (at_top() && current_) current_->text.append(part.data(), part.size());
    return true;
  }
  bool number(json::string_view part) {
    text(part);
    return value(JsonField::Kind::number);
  }
  bool value(JsonField::Kind kind) {
    if (at_top() && current_) {
      current_->kind = kind;
      current_ = nullptr;
    }
    return true;
  }

  std::span<JsonField> fields_;
  std::optional<std::string>* unknown_;
  JsonField* current_ = nullptr;
  std::string key_;
  int depth_ = 0;
  bool is_object_ = false;
};

}  // namespace

JsonVerdict read_json_fields(std::string_view body, std::span<JsonField> fields,
                             std::optional<std::string>* unknown) {
  for (JsonField& field : fields) {
    field.kind = JsonField::Kind::absent;
    field.duplicate = false;
    field.text.clear();
  }
  if (unknown) unknown->reset();
  json::basic_parser<FieldCollector> parser(json::parse_options{}, fields, unknown);
  json::error_code error;
  const std::size_t read = parser.write_some(false, body.data(), body.size(), error);
  if (error == json::error::exponent_overflow) {
    parser.handler().fail_number();
    return JsonVerdict::exponent_too_large;
  }
  if (error) return JsonVerdict::not_json;
  if (read < body.size()) return JsonVerdict::trailing_bytes;
  return parser.handler().is_object() ? JsonVerdict::ok : JsonVerdict::not_an_object;
}

}  // namespace payswitch::http
