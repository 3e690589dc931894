// Canonical values of DNS records.
#include "specs/types_rdata.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "specs/text.hpp"
#include "specs/utf8.hpp"

namespace homeostat {
namespace {

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

Result<std::string> address_value(std::string_view text, bool v6) {
  TRY_ASSIGN(const IpAddress address, parse_ip(trim(text)));
  if (address.v6 != v6) {
    return wrong(in_ticks(text) + (address.v6 ? " is IPv6, and an A record holds IPv4"
                                              : " is IPv4, and an AAAA record holds IPv6"),
                 address.v6 ? "write an AAAA record" : "write an A record");
  }
  return to_string(address);
}

Result<std::string> mx_value(std::string_view text, std::string_view zone) {
  const auto words = split_words(text);
  if (words.size() != 2) {
    return wrong(in_ticks(text) + " is not an MX value: it is a preference and a name",
                 "write one such as \"10 mail\"");
  }
  TRY_ASSIGN(const auto preference, parse_part(words[0], 65535, "the preference"));
  TRY_ASSIGN(const auto target, complete_target(words[1], zone, true));
  return std::to_string(preference) + ' ' + target;
}

Result<std::string> srv_value(std::string_view text, std::string_view zone) {
  const auto words = split_words(text);
  if (words.size() != 4) {
    return wrong(in_ticks(text) + " is not an SRV value: it is priority, weight, port and a name",
                 "write one such as \"0 5 5060 sip\"");
  }
  constexpr std::array<std::string_view, 3> parts = {"the priority", "the weight", "the port"};
  std::string value;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    TRY_ASSIGN(const auto number, parse_part(words[i], 65535, parts[i]));
    value += std::to_string(number) + ' ';
  }
  TRY_ASSIGN(const auto target, complete_target(words[3], zone, true));
  return value + target;
}

// Reads `"..."` from the front of `text` and removes it: \" and \\ and \DDD are unescaped.
Result<std::string> take_quoted(std::string_view& text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    if (c != '\\' || i + 1 == text.size()) {
      out += c;
      continue;
    }
    const auto code = text[i + 1] >= '0' && text[i + 1] <= '9' ? parse_digits(text.substr(i + 1, 3))
                                                               : std::nullopt;
    if (code && *code < 256 && text.size() - i > 3) {
      out += static_cast<char>(static_cast<unsigned char>(*code));
      i += 3;
    } else {
      out += text[++i];
    }
  }
  return wrong(in_ticks(text) + " has a quote that is not closed", "write `\"` at its end");
}

std::string with_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

Result<std::string> txt_value(std::string_view text) {
  if (!trim(text).starts_with('"')) return std::string(text);
  std::string_view rest = trim(text);
  std::string joined;
  while (!rest.empty()) {
    if (!rest.starts_with('"')) {
      return wrong(in_ticks(text) + " mixes quoted and plain text",
                   "quote every chunk, or none: TXT values are joined");
    }
    TRY_ASSIGN(const std::string chunk, take_quoted(rest));
    joined += chunk;
    rest = trim(rest);
  }
  if (!is_utf8(joined)) {
    return wrong("a TXT value holds bytes that are not UTF-8", "write UTF-8 text");
  }
  return trim(joined).starts_with('"') ? with_quotes(joined) : joined;
}

Result<std::string> caa_value(std::string_view text) {
  const auto words = split_words(text);
  const std::string hint = "write one such as '0 issue \"letsencrypt.org\"'";
  if (words.size() < 2) {
    return wrong(in_ticks(text) + " is not a CAA value: it is flags, a tag and a quoted value",
                 hint);
  }
  TRY_ASSIGN(const auto flags, parse_part(words[0], 255, "the flags"));
  const std::string tag = to_lower(words[1]);
  if (tag.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos) {
    return wrong(in_ticks(words[1]) + " is not a CAA tag", "write issue, issuewild or iodef");
  }
  const auto behind = static_cast<std::size_t>(words[1].data() - text.data()) + words[1].size();
  std::string_view rest = trim(text.substr(behind));
  if (rest.empty()) {
    return wrong(in_ticks(text) + " has no value behind " + in_ticks(tag), hint);
  }
  std::string value(rest);
  if (rest.starts_with('"')) {
    TRY_ASSIGN(value, take_quoted(rest));
    if (!rest.empty()) return wrong(in_ticks(text) + " has text behind its value", hint);
  }
  return std::to_string(flags) + ' ' + tag + ' ' + with_quotes(value);
}

Result<std::string> hex_part(std::span<const std::string_view> words, std::size_t digits,
                             std::string_view what) {
  std::string hex;
  for (const std::string_view word : words) hex += to_lower(word);
  if (hex.empty() || hex.find_first_not_of("0123456789abcdef") != std::string::npos ||
      hex.size() % 2 != 0) {
    return wrong(std::string(what) + " is not written in pairs of hexadecimal digits",
                 "write it as 5f3c...");
  }
  if (digits != 0 && hex.size() != digits) {
    return wrong(std::string(what) + " has " + std::to_string(hex.size()) + " digits, not " +
                     std::to_string(digits),
                 "write all " + std::to_string(digits) + " digits of the hash");
  }
  return hex;
}

Result<std::string> tlsa_value(std::string_view text) {
  const auto words = split_words(text);
  if (words.size() < 4) {
    return wrong(
        in_ticks(text) + " is not a TLSA value: it is usage, selector, matching type, hash",
        "write one such as \"3 1 1 5f3c...\"");
  }
  TRY_ASSIGN(const auto usage, parse_part(words[0], 3, "the usage"));
  TRY_ASSIGN(const auto selector, parse_part(words[1], 1, "the selector"));
  TRY_ASSIGN(const auto matching, parse_part(words[2], 2, "the matching type"));
  const std::size_t digits = matching == 1 ? 64 : matching == 2 ? 128 : 0;
  TRY_ASSIGN(const auto hex, hex_part(std::span(words).subspan(3), digits, "the TLSA hash"));
  return std::to_string(usage) + ' ' + std::to_string(selector) + ' ' + std::to_string(matching) +
         ' ' + hex;
}

Result<std::string> sshfp_value(std::string_view text) {
  const auto words = split_words(text);
  if (words.size() < 3) {
    return wrong(in_ticks(text) + " is not an SSHFP value: it is algorithm, hash type, fingerprint",
                 "write one such as \"4 2 5f3c...\" (ssh-keygen -r prints it)");
  }
  TRY_ASSIGN(const auto algorithm, parse_part(words[0], 6, "the algorithm"));
  TRY_ASSIGN(const auto type, parse_part(words[1], 2, "the hash type"));
  if (algorithm == 0 || algorithm == 5 || type == 0) {
    return wrong(in_ticks(text) + " has an algorithm or hash type that does not exist",
                 "write algorithm 1, 2, 3, 4 or 6 and hash type 1 or 2");
  }
  const std::size_t digits = type == 1 ? 40 : 64;
  TRY_ASSIGN(const auto hex, hex_part(std::span(words).subspan(2), digits, "the fingerprint"));
  return std::to_string(algorithm) + ' ' + std::to_string(type) + ' ' + hex;
}

constexpr std::array<std::string_view, 13> record_types = {
    "A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA", "NS", "PTR", "SVCB", "HTTPS", "TLSA", "SSHFP"};

}  // namespace

Result<std::string> complete_target(std::string_view target, std::string_view zone,
                                    bool root_allowed) {
  if (target == "." && root_allowed) return std::string(target);
  if (!target.ends_with('.') && parse_ip(target)) {
    return wrong(in_ticks(target) + " is an address, and a name is needed here",
                 "write the name that has this address");
  }
  const bool absolute = target.ends_with('.') || target.find('.') != std::string_view::npos;
  std::string name;
  if (target == "@") {
    TRY_ASSIGN(name, canonical_name(zone));
  } else {
    TRY_ASSIGN(name, canonical_name(target));
    if (!absolute) {
      TRY_ASSIGN(name, canonical_name(name + '.' + std::string(zone)));
    }
  }
  if (name.find('.') == std::string::npos) name += '.';
  return name;
}

Result<std::uint64_t> parse_part(std::string_view text, std::uint64_t max, std::string_view part) {
  const auto number = parse_digits(text);
  if (!number || *number > max || (text.size() > 1 && text.front() == '0')) {
    return wrong(std::string(part) + " is " + in_ticks(text) + ", not a number from 0 to " +
                     std::to_string(max),
                 "write digits only, without leading zeros");
  }
  return *number;
}

Result<std::string> canonical_rdata(std::string_view type, std::string_view text,
                                    std::string_view zone) {
  if (type == "A") return address_value(text, false);
  if (type == "AAAA") return address_value(text, true);
  if (type == "TXT") return txt_value(text);
  if (type == "MX") return mx_value(text, zone);
  if (type == "SRV") return srv_value(text, zone);
  if (type == "CAA") return caa_value(text);
  if (type == "SVCB" || type == "HTTPS") return canonical_svcb(text, zone);
  if (type == "TLSA") return tlsa_value(text);
  if (type == "SSHFP") return sshfp_value(text);
  if (type == "CNAME" || type == "NS" || type == "PTR") {
    return complete_target(trim(text), zone, false);
  }
  std::string known;
  for (const std::string_view one : record_types)
    known += (known.empty() ? "" : " ") + std::string(one);
  return wrong(in_ticks(type) + " is not a record type", "write one of " + known);
}

std::string rdata_target(std::string_view type, std::string_view canonical) {
  std::size_t position = 0;
  if (type == "MX" || type == "SVCB" || type == "HTTPS") {
    position = 1;
  } else if (type == "SRV") {
    position = 3;
  } else if (type != "CNAME" && type != "NS" && type != "PTR") {
    return {};
  }
  const auto words = split_words(canonical);
  if (words.size() <= position) return {};
  std::string_view target = words[position];
  if (target.ends_with('.')) target.remove_suffix(1);
  return std::string(target);
}

bool is_record_type(std::string_view type) {
  return std::find(record_types.begin(), record_types.end(), type) != record_types.end();
}

}  // namespace homeostat
