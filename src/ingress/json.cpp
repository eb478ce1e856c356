// SPDX-License-Identifier: Apache-2.0
#include "ingress/json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <string>
#include <utility>
#include <vector>

namespace aldis::ingress {

namespace json = boost::json;

namespace {

// json::parse() lets the last of two members with one name win: whoever checked the first one was fooled. So
// the values are put together here, and names are looked at as they come.
class Builder {
 public:
  constexpr static std::size_t max_object_size = kJsonMembersMax;
  constexpr static std::size_t max_array_size = 100'000;  // of a body's octets, others set the limit
  constexpr static std::size_t max_key_size = 1024;
  constexpr static std::size_t max_string_size = 16u << 20;

  bool on_document_begin(json::error_code&) {
    values_.reset();
    return true;
  }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    begins_.push_back(names_.size());
    return true;
  }
  bool on_object_end(std::size_t members, json::error_code&) {
    names_.resize(begins_.back());
    begins_.pop_back();
    values_.push_object(members);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t elements, json::error_code&) {
    values_.push_array(elements);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    values_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    key_.append(part.data(), part.size());
    const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(begins_.back());
    if (std::find(begin, names_.end(), key_) != names_.end()) {
      twice = std::exchange(key_, {});
      error = make_error_code(json::error::exception);
      return false;
    }
    names_.push_back(std::exchange(key_, {}));
    values_.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    values_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    values_.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t value, json::string_view, json::error_code&) {
    values_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, json::error_code&) {
    values_.push_uint64(value);
    return true;
  }
  bool on_double(double value, json::string_view, json::error_code&) {
    values_.push_double(value);
    return true;
  }
  bool on_bool(bool value, json::error_code&) {
    values_.push_bool(value);
    return true;
  }
  bool on_null(json::error_code&) {
    values_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value take() { return values_.release(); }

  std::string twice;  // the name that came a second time

 private:
  json::value_stack values_;
  std::string key_;
  std::vector<std::string> names_;   // of the objects that are open, one after the other
  std::vector<std::size_t> begins_;  // where those of each begin
};

std::string why(const json::error_code& error, const Builder& built) {
  if (!built.twice.empty()) { return "the member \"" + built.twice.substr(0, 64) + "\" comes twice"; }
  if (error == json::error::too_deep) {
    return "it is nested deeper than " + std::to_string(kJsonDepthMax) + " levels";
  }
  if (error == json::error::object_too_large) {
    return "an object has more than " + std::to_string(kJsonMembersMax) + " members";
  }
  if (error == json::error::incomplete) { return "it ends too early"; }
  return error.message();
}

}  // namespace

Result<json::value, api::Problem> read_json(std::string_view text) {
  using Answer = Result<json::value, api::Problem>;
  const auto refuse = [](std::string detail) {
    return Answer{boost::system::in_place_error, api::Code::kMalformedRequest, std::move(detail)};
  };
  if (text.empty()) { return refuse("the body is empty: a JSON object belongs there"); }
  if (text.starts_with("\xEF\xBB\xBF")) { return refuse("the body begins with a byte order mark"); }
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::basic_parser<Builder> parser{options};
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) { error = json::error::extra_data; }
  if (error) {
    return refuse("no JSON at octet " + std::to_string(read) + ": " + why(error, parser.handler()));
  }
  return Answer{boost::system::in_place_value, parser.handler().take()};
}

std::string pointer_to(std::string_view parent, std::string_view member) {
  std::string out{parent};
  out += '/';
  for (const char c : member) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace aldis::ingress
