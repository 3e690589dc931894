// Canonical forms of scalars, so that equal things compare equal. Pure functions.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/result.hpp"

namespace homeostat {

struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes = {};  // IPv4 in the first four
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};
struct Cidr {
  IpAddress base;
  int prefix = 0;  // bits
  friend auto operator<=>(const Cidr&, const Cidr&) = default;
};
struct IpRange {  // inclusive, one family
  IpAddress first;
  IpAddress last;
  friend auto operator<=>(const IpRange&, const IpRange&) = default;
};

[[nodiscard]] Result<IpAddress> parse_ip(std::string_view text);  // no zone id, no leading zeros
[[nodiscard]] std::string to_string(const IpAddress& address);    // inet_ntop's form
[[nodiscard]] Result<Cidr> parse_cidr(std::string_view text);     // host bits must be zero
[[nodiscard]] std::string to_string(const Cidr& cidr);
[[nodiscard]] Result<IpRange> parse_ip_range(std::string_view text);  // "a-b", or one address
[[nodiscard]] bool contains(const Cidr& cidr, const IpAddress& address);
[[nodiscard]] bool contains(const IpRange& range, const IpAddress& address);
// The address `offset` behind the base; nullopt outside the network.
[[nodiscard]] std::optional<IpAddress> host_address(const Cidr& cidr, std::uint64_t offset);
[[nodiscard]] IpAddress next(const IpAddress& address);
// The name of its PTR record: "110.0.5.10.in-addr.arpa", no trailing dot.
[[nodiscard]] std::string reverse_name(const IpAddress& address);
// The reverse zone that covers all of them, cut at an octet (IPv4) or a nibble (IPv6), at least one
// label above a single address; nullopt where that would be in-addr.arpa or ip6.arpa itself, where
// both families are mixed, and for no network.
[[nodiscard]] std::optional<std::string> reverse_zone(const std::vector<Cidr>& networks);

[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);  // decimal; "010" refused
[[nodiscard]] Result<std::string> canonical_decimal(std::string_view text);  // "1.50" -> "1.5"
[[nodiscard]] Result<bool> parse_boolean(std::string_view text);             // true, false only
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);       // bytes
[[nodiscard]] std::string format_size(std::uint64_t bytes);                  // "1536MiB", "2GiB"
[[nodiscard]] Result<std::int64_t> parse_duration(std::string_view text);    // seconds
[[nodiscard]] std::string format_duration(std::int64_t seconds);             // "90s", "1h"
[[nodiscard]] Result<std::string> canonical_mac(std::string_view text);
// Lower case, no trailing dot, IDN labels as xn--; checks lengths. Underscores and a leading `*`
// label are allowed (records need them).
[[nodiscard]] Result<std::string> canonical_name(std::string_view text);
// Digits and dots, such as 999.0.113.7: no host is called that, and where it is no address either,
// it was meant to be one.
[[nodiscard]] bool is_like_address(std::string_view text);
[[nodiscard]] Result<std::string> canonical_host(std::string_view text);  // an address or a name
// scheme://host[:port][/path]: scheme and host in lower case, no port that the scheme implies. No
// password: it would be printed.
[[nodiscard]] Result<std::string> canonical_url(std::string_view text);
[[nodiscard]] Result<std::string> canonical_date(std::string_view text);
[[nodiscard]] Result<int> parse_time_of_day(std::string_view text);  // "02:00" -> 120; to 24:00
// The form alone: "UTC", or area and city as in "Europe/Copenhagen". Whether there is such a zone
// is known to whoever has the tables.
[[nodiscard]] Result<std::string> canonical_timezone(std::string_view text);

// One value of an RRset in canonical presentation form, names absolute without trailing dot, TXT as
// its joined text without quotes. `zone` completes a relative target (no inner dot) and "@". What
// comes out reads back as itself: so a name of one label keeps its dot ("lan."), and a TXT text
// that begins with `"` stays quoted.
[[nodiscard]] Result<std::string> canonical_rdata(std::string_view type, std::string_view text,
                                                  std::string_view zone);
// The target name inside canonical rdata (CNAME MX NS PTR SRV SVCB HTTPS), or "".
[[nodiscard]] std::string rdata_target(std::string_view type, std::string_view canonical);
// A AAAA CNAME MX TXT SRV CAA NS PTR SVCB HTTPS TLSA SSHFP
[[nodiscard]] bool is_record_type(std::string_view type);

}  // namespace homeostat
