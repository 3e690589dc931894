// Values of SVCB and HTTPS records (RFC 9460).
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "specs/text.hpp"
#include "specs/types_rdata.hpp"

namespace homeostat {
namespace {

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

// The position is the key's number.
constexpr std::array<std::string_view, 9> keys = {"mandatory", "alpn",     "no-default-alpn",
                                                  "port",      "ipv4hint", "ech",
                                                  "ipv6hint",  "dohpath",  "ohttp"};

Result<std::uint64_t> key_number(std::string_view key) {
  const auto known = std::find(keys.begin(), keys.end(), key);
  if (known != keys.end()) return static_cast<std::uint64_t>(known - keys.begin());
  const auto number = key.starts_with("key") ? parse_digits(key.substr(3)) : std::nullopt;
  if (!number || *number > 65534 || key != "key" + std::to_string(*number)) {
    return wrong(in_ticks(key) + " is not a parameter of a service record",
                 "write alpn, port, ipv4hint, ipv6hint, ech, or key667 for one without a name");
  }
  if (*number < keys.size()) {
    return wrong(in_ticks(key) + " has a name", "write " + std::string(keys[*number]) + "=");
  }
  return *number;
}

struct Parameter {
  std::string_view key;
  std::string_view value;
  bool has_value = false;
};

// Splits at spaces that are not inside quotes; quotes around a value are removed.
Result<std::vector<Parameter>> split_parameters(std::string_view text) {
  std::vector<Parameter> parameters;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    Parameter parameter;
    const auto end = std::min(text.find_first_of(" \t="), text.size());
    parameter.key = text.substr(0, end);
    text.remove_prefix(end);
    if (text.starts_with('=')) {
      parameter.has_value = true;
      text.remove_prefix(1);
      const bool in_quotes = text.starts_with('"');
      const auto stop = in_quotes ? text.find('"', 1) : text.find_first_of(" \t");
      if (in_quotes && stop == std::string_view::npos) {
        return wrong(in_ticks(parameter.key) + " has a quote that is not closed",
                     "write `\"` at its end");
      }
      parameter.value = in_quotes ? text.substr(1, stop - 1) : text.substr(0, stop);
      text.remove_prefix(std::min(in_quotes ? stop + 1 : stop, text.size()));
    }
    parameters.push_back(parameter);
  }
  return parameters;
}

Result<std::string> addresses(std::string_view value, bool v6) {
  std::string out;
  for (const std::string_view part : split(value, ',')) {
    TRY_ASSIGN(const IpAddress address, parse_ip(trim(part)));
    if (address.v6 != v6) {
      return wrong(in_ticks(part) + " is of the wrong family", "write ipv4hint= or ipv6hint=");
    }
    out += (out.empty() ? "" : ",") + to_string(address);
  }
  return out;
}

Result<std::string> mandatory_keys(std::string_view value) {
  std::map<std::uint64_t, std::string> sorted;
  for (const std::string_view part : split(value, ',')) {
    const std::string key = to_lower(trim(part));
    TRY_ASSIGN(const std::uint64_t number, key_number(key));
    if (number == 0) return wrong("`mandatory` cannot name itself", "name other parameters");
    sorted[number] = key;
  }
  std::string out;
  for (const auto& entry : sorted) out += (out.empty() ? "" : ",") + entry.second;
  return out;
}

Result<std::string> parameter_value(const Parameter& parameter, std::uint64_t number) {
  const std::string key = to_lower(parameter.key);
  const bool flag = key == "no-default-alpn" || key == "ohttp";
  if (flag) {
    if (parameter.has_value) return wrong(in_ticks(key) + " takes no value", "write " + key);
    return std::string();
  }
  if (number < keys.size() && parameter.value.empty()) {
    return wrong(in_ticks(key) + " has no value", "write it as in \"1 . alpn=h2,h3 port=443\"");
  }
  if (key == "port") {
    TRY_ASSIGN(const auto port, parse_part(parameter.value, 65535, "the port"));
    return std::to_string(port);
  }
  if (key == "ipv4hint" || key == "ipv6hint") return addresses(parameter.value, key == "ipv6hint");
  if (key == "mandatory") return mandatory_keys(parameter.value);
  return std::string(parameter.value);
}

Status check_mandatory(const std::map<std::uint64_t, std::string>& parameters) {
  const auto mandatory = parameters.find(0);
  if (mandatory == parameters.end()) return {};
  const std::string_view list = std::string_view(mandatory->second).substr(keys[0].size() + 1);
  for (const std::string_view key : split(list, ',')) {
    TRY_ASSIGN(const std::uint64_t number, key_number(key));
    if (!parameters.contains(number)) {
      return wrong(in_ticks(key) + " is mandatory and missing",
                   "write it, or take it from the list");
    }
  }
  return {};
}

}  // namespace

Result<std::string> canonical_svcb(std::string_view text, std::string_view zone) {
  const auto words = split_words(text);
  if (words.size() < 2) {
    return wrong(
        in_ticks(text) + " is not a service value: it is a priority, a name and parameters",
        "write one such as \"1 . alpn=h2,h3 port=443\"");
  }
  TRY_ASSIGN(const auto priority, parse_part(words[0], 65535, "the priority"));
  TRY_ASSIGN(const auto target, complete_target(words[1], zone, true));
  const auto behind = static_cast<std::size_t>(words[1].data() - text.data()) + words[1].size();
  TRY_ASSIGN(const auto parameters, split_parameters(text.substr(behind)));
  std::map<std::uint64_t, std::string> sorted;
  for (const Parameter& parameter : parameters) {
    const std::string key = to_lower(parameter.key);
    TRY_ASSIGN(const std::uint64_t number, key_number(key));
    TRY_ASSIGN(const std::string value, parameter_value(parameter, number));
    std::string& stored = sorted[number];
    if (!stored.empty()) return wrong(in_ticks(key) + " stands twice", "write it once");
    const bool spaced = value.find_first_of(" \t") != std::string::npos;
    stored = key;
    if (!value.empty()) stored += spaced ? "=\"" + value + '"' : '=' + value;
  }
  if (priority == 0 && !sorted.empty()) {
    return wrong("a service value of priority 0 is an alias and has no parameters",
                 "write a priority above 0");
  }
  TRY(check_mandatory(sorted));
  std::string value = std::to_string(priority) + ' ' + target;
  for (const auto& entry : sorted) value += ' ' + entry.second;
  return value;
}

}  // namespace homeostat
