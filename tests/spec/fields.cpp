// SPDX-License-Identifier: Apache-2.0
#include "fields.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <tuple>
#include <type_traits>

#include "aldis/smpp/codec.hpp"
#include "aldis/smpp/pdu_rows.hpp"

namespace aldis::spec {

namespace {

using Kind = Value::Kind;
using Found = std::map<std::string, std::string>;  // field: octets of its value

std::string big_endian(std::uint32_t number, unsigned octets) {
  std::string out;
  for (unsigned i = octets; i-- > 0;) { out += static_cast<char>(number >> (8 * i) & 0xFF); }
  return out;
}

// "$ours" inside a text is its value.
std::string expanded(const std::string& text, const Variables& variables) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t end = i + 1;
    while (text[i] == '$' && end < text.size() && (std::isalnum(u8(text[end])) != 0 || text[end] == '_')) {
      ++end;
    }
    const auto found = variables.find(text.substr(i + 1, end - i - 1));
    if (text[i] == '$' && found != variables.end()) {
      out += found->second;
      i = end - 1;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string text_of(const Value& value, const Variables& variables) {
  if (value.kind == Kind::kText) { return expanded(value.text, variables); }
  if (value.kind == Kind::kOctets) { return value.text; }
  if (value.kind == Kind::kAbsent) { return {}; }
  const auto plain = plain_of(value, variables);
  if (!plain) { throw ScriptError("$" + value.text + " has no value yet"); }
  return *plain;
}

// --- building ----------------------------------------------------------------------------------------------

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    items.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return items;
}

// Texts of one PDU live here until it is encoded.
using Texts = std::vector<std::unique_ptr<std::string>>;

std::string_view keep(Texts& texts, std::string text) {
  texts.push_back(std::make_unique<std::string>(std::move(text)));
  return *texts.back();
}

// "491700000001,list:friends"
smpp::Destinations destinations_of(const std::string& text, Texts& texts) {
  std::string items;
  std::uint8_t count = 0;
  for (const auto& item : split(text)) {
    smpp::Destination one{1, 1, 1, {}, {}};
    if (item.starts_with("list:")) {
      one = {2, 0, 0, {}, std::string_view{item}.substr(5)};
    } else {
      one.destination_addr = item;
    }
    smpp::append(items, one);
    ++count;
  }
  return {count, keep(texts, items)};
}

template <class S>
bool set_field(S& body, const Assignment& field, const Variables& variables, Texts& texts) {
  bool done = false;
  const auto try_row = [&](const auto& row) {
    if (row.name != field.name) { return; }
    done = true;
    using T = std::remove_reference_t<decltype(body.*row.member)>;
    std::string text = text_of(field.value, variables);
    if constexpr (std::is_same_v<T, std::uint8_t>) {
      body.*row.member = static_cast<std::uint8_t>(number_of(text));
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      body.*row.member = keep(texts, std::move(text));
    } else if constexpr (std::is_same_v<T, smpp::Destinations>) {
      body.*row.member = destinations_of(text, texts);
    } else {
      throw ScriptError("this runner does not build " + field.name);
    }
  };
  std::apply([&](const auto&... row) { (try_row(row), ...); }, smpp::kRows<S>);
  return done;
}

std::optional<smpp::TlvTag> tag_of(const std::string& name) {
  if (name.starts_with("tlv:")) { return static_cast<smpp::TlvTag>(number_of(name.substr(4))); }
  return smpp::tlv_named(name);
}

std::string tlv_value(smpp::TlvTag tag, const Value& value, const Variables& variables) {
  const auto* row = smpp::row_of(tag);
  std::string text = text_of(value, variables);
  if (value.kind == Kind::kOctets || row == nullptr) { return text; }
  switch (row->kind) {
    case smpp::TlvKind::kU8: return big_endian(number_of(text), 1);
    case smpp::TlvKind::kU16: return big_endian(number_of(text), 2);
    case smpp::TlvKind::kU32: return big_endian(number_of(text), 4);
    case smpp::TlvKind::kCString: return text + '\0';
    case smpp::TlvKind::kOctets: return text;
  }
  __builtin_unreachable();
}

bool of_header(const std::string& name) { return name == "seq" || name == "status"; }

smpp::CommandStatus status_of(const Value& value, const Variables& variables) {
  const std::string text = text_of(value, variables);
  if (const auto named = smpp::status_named(text)) { return *named; }
  return static_cast<smpp::CommandStatus>(number_of(text));
}

template <class S>
std::string encoded(smpp::CommandId command, std::uint32_t sequence, const std::vector<Assignment>& fields,
                    const Variables& variables) {
  S body{};
  Texts texts;
  std::string tlvs;
  auto status = smpp::CommandStatus::kOk;
  for (const auto& field : fields) {
    if (field.name == "status") { status = status_of(field.value, variables); }
    if (of_header(field.name) || set_field(body, field, variables, texts)) { continue; }
    const auto tag = tag_of(field.name);
    if (!tag) { throw ScriptError("no field and no TLV is called " + field.name); }
    smpp::append_tlv(tlvs, *tag, tlv_value(*tag, field.value, variables));
  }
  body.tlvs = smpp::Tlvs{tlvs};
  std::string out;
  smpp::encode(out, command, status, sequence, body);
  return out;
}

// --- reading -----------------------------------------------------------------------------------------------

// Statuses without a name are numbers, in decimal as all numbers are compared.
std::string status_text(smpp::CommandStatus status) {
  const std::string name{smpp::name_of(status)};
  return smpp::status_named(name) == status ? name : std::to_string(static_cast<std::uint32_t>(status));
}

std::string shown_value(const std::string& value) {
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? value : "x'" + hex(value) + "'";
}

std::string listed(const smpp::UnsuccessList& list) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) { out += ','; }
    out += item.destination_addr;
    out += ':';
    out += smpp::name_of(item.error_status_code);
  }
  return out;
}

template <class S>
void collect(const S& body, Found& found, std::vector<std::string>& order) {
  const auto take = [&](const auto& row) {
    using T = std::remove_cvref_t<decltype(body.*row.member)>;
    std::string value;
    if constexpr (std::is_same_v<T, std::uint8_t>) {
      value = std::to_string(body.*row.member);
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      value = std::string{body.*row.member};
    } else if constexpr (std::is_same_v<T, smpp::UnsuccessList>) {
      value = listed(body.*row.member);
    } else {
      value = hex((body.*row.member).items());
    }
    order.emplace_back(row.name);
    found.emplace(order.back(), std::move(value));
  };
  std::apply([&](const auto&... row) { (take(row), ...); }, smpp::kRows<S>);
}

smpp::Tlvs collect_all(const smpp::Pdu& pdu, Found& found, std::vector<std::string>& order) {
  return std::visit(
      [&](const auto& body) -> smpp::Tlvs {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(body)>, std::monostate>) {
          return {};
        } else {
          collect(body, found, order);
          return body.tlvs;
        }
      },
      pdu.body);
}

// "*" stands for any run of octets.
bool fits(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) { return pattern == text; }
  if (!text.starts_with(pattern.substr(0, star))) { return false; }
  const auto rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= text.size(); ++at) {
    if (fits(rest, text.substr(at))) { return true; }
  }
  return false;
}

std::optional<std::string> differs(const Assignment& field, const std::string& came, Variables& variables) {
  const auto& value = field.value;
  const std::string was = field.name + " is " + (came.empty() ? "empty" : shown_value(came));
  switch (value.kind) {
    case Kind::kAny: return std::nullopt;
    case Kind::kAbsent: return came.empty() ? std::nullopt : std::optional{was + ", expected none"};
    case Kind::kVariable:
      if (variables.emplace(value.text, came).first->second == came) { return std::nullopt; }
      return was + ", expected " + variables.at(value.text) + " ($" + value.text + ")";
    default: break;
  }
  std::string expected = text_of(value, variables);
  if (value.kind == Kind::kPlain && expected.starts_with("0x")) {
    expected = std::to_string(number_of(expected));
  }
  const bool same = value.kind == Kind::kText ? fits(expected, came) : expected == came;
  if (same) { return std::nullopt; }
  return was + ", expected " + shown_value(expected);
}

std::optional<std::string> tlv_differs(const Assignment& field, smpp::TlvTag tag, smpp::Tlvs tlvs,
                                       Variables& variables) {
  const auto value = tlvs.find(tag);
  if (!value) {
    if (field.value.kind == Kind::kAbsent) { return std::nullopt; }
    return "no " + field.name + " came";
  }
  if (field.value.kind == Kind::kAbsent) { return field.name + " came, expected none"; }
  const auto* row = smpp::row_of(tag);
  std::string came{*value};
  if (field.value.kind != Kind::kOctets && row != nullptr) {
    if (row->kind == smpp::TlvKind::kCString && !came.empty() && came.back() == '\0') { came.pop_back(); }
    const bool numeric = row->kind == smpp::TlvKind::kU8 || row->kind == smpp::TlvKind::kU16 ||
                         row->kind == smpp::TlvKind::kU32;
    if (numeric) { came = std::to_string(smpp::integer_of(*value).value_or(0)); }
  }
  return differs(field, came, variables);
}

std::optional<std::string> header_differs(const smpp::Header& header, smpp::CommandId command,
                                          const std::vector<Assignment>& fields) {
  if (header.command_id != command) {
    return std::string{smpp::name_of(header.command_id)} + " came, expected " +
           std::string{smpp::name_of(command)};
  }
  const bool named = std::any_of(fields.begin(), fields.end(),
                                 [](const Assignment& field) { return field.name == "status"; });
  if (!named && header.command_status != smpp::CommandStatus::kOk) {
    return "status is " + std::string{smpp::name_of(header.command_status)} + ", expected ESME_ROK";
  }
  return std::nullopt;
}

}  // namespace

std::string hex(Octets octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    if (!out.empty()) { out += ' '; }
    out += kDigits[u8(c) >> 4];
    out += kDigits[u8(c) & 15];
  }
  return out;
}

std::optional<std::string> plain_of(const Value& value, const Variables& variables) {
  if (value.kind != Kind::kVariable) { return value.text; }
  const auto found = variables.find(value.text);
  return found == variables.end() ? std::nullopt : std::optional{found->second};
}

std::uint32_t number_of(const std::string& text) {
  std::size_t end = 0;
  unsigned long long number = 0;
  try {
    number = std::stoull(text, &end, text.starts_with("0x") ? 16 : 10);
  } catch (const std::exception&) { end = 0; }
  if (end == 0 || end != text.size() || number > 0xFFFFFFFF) {
    throw ScriptError("a number is expected, not " + text);
  }
  return static_cast<std::uint32_t>(number);
}

std::string build_pdu(smpp::CommandId command, std::uint32_t sequence, const std::vector<Assignment>& fields,
                      const Variables& variables) {
  std::string out;
  const bool known = smpp::with_body_type(command, [&]<class S>() {
    if constexpr (std::is_same_v<S, smpp::HeaderOnly>) {
      out = encoded<smpp::HeaderOnly>(command, sequence, fields, variables);
    } else {
      out = encoded<S>(command, sequence, fields, variables);
    }
  });
  if (!known) { throw ScriptError("this command cannot be built"); }
  return out;
}

std::optional<std::string> mismatch_of(Octets octets, smpp::CommandId command,
                                       const std::vector<Assignment>& fields, Variables& variables) {
  smpp::Pdu pdu;
  static_cast<void>(smpp::decode_into(octets, smpp::Strictness::kLink, pdu));
  if (auto wrong = header_differs(pdu.header, command, fields)) { return wrong; }
  Found found;
  std::vector<std::string> order;
  const auto tlvs = collect_all(pdu, found, order);
  found["seq"] = std::to_string(pdu.header.sequence_number);
  found["status"] = status_text(pdu.header.command_status);
  found["command_length"] = std::to_string(octets.size());
  for (const auto& field : fields) {
    std::optional<std::string> wrong;
    if (const auto at = found.find(field.name); at != found.end()) {
      wrong = differs(field, at->second, variables);
    } else if (const auto tag = tag_of(field.name)) {
      wrong = tlv_differs(field, *tag, tlvs, variables);
    } else {
      throw ScriptError("no field and no TLV is called " + field.name);
    }
    if (wrong) { return wrong; }
  }
  return std::nullopt;
}

std::string shown(Octets octets) {
  const auto header = smpp::decode_header(octets);
  if (!header) { return hex(octets); }
  smpp::Pdu pdu;
  static_cast<void>(smpp::decode_into(octets, smpp::Strictness::kLink, pdu));
  Found found;
  std::vector<std::string> order;
  const auto tlvs = collect_all(pdu, found, order);
  std::string out{smpp::name_of(header->command_id)};
  out += " seq=" + std::to_string(header->sequence_number);
  out += " status=" + std::string{smpp::name_of(header->command_status)};
  for (const auto& name : order) {
    if (const auto& value = found[name]; !value.empty() && value != "0") {
      out += " " + name + "=" + shown_value(value);
    }
  }
  for (const auto& tlv : tlvs) {
    const auto* row = smpp::row_of(tlv.tag);
    out += " " + (row != nullptr ? std::string{row->name}
                                 : "tlv:0x" + hex(big_endian(static_cast<std::uint32_t>(tlv.tag), 2)));
    out += "=x'" + hex(tlv.value) + "'";
  }
  return out + "\n      " + hex(octets);
}

}  // namespace aldis::spec
