// One service -> its resources. Private to the loader: services.cpp reads what a service says,
// service_records.cpp makes its records.
#pragma once

#include "specs/targets.hpp"

namespace homeostat {

// One `web:` entry.
struct Web {
  const yaml::Node* node = nullptr;
  std::string key;  // of its proxy host
  std::vector<Placed> domains;
  std::optional<std::int64_t> port;
  Origin port_at;
  std::string scheme = "http";
  bool dns = true;                     // false: its records are kept elsewhere
  std::vector<std::string> providers;  // that serve it
};

struct Service {
  std::string key;
  Origin where;  // of the key
  const yaml::Node* node = nullptr;
  Options options;  // for all that is derived
  std::vector<Placed> names;
  std::vector<Web> webs;
  std::vector<Resource*> containers;  // one a provider; empty: none declared
  std::vector<Target> addresses;      // of the service; empty: there is none
  std::vector<Target> further;        // IPv6 ones beside them: for names only
  bool own_address = true;            // false: the host's; what it reaches is published ports
};

// Where a key of one part of a service ("web"; "" = the service itself) may have been meant to
// stand.
[[nodiscard]] const std::vector<KeyPlace>& places_for(std::string_view part);
// Options of a part, with the service's below. Ignores of the service apply to the kinds that have
// the field. `part` may be null.
[[nodiscard]] Options options_for(Draft& draft, const Service& service, const yaml::Node* part,
                                  const char* kind);
[[nodiscard]] Statement derived_statement(const Service& service, const char* kind,
                                          std::string name);

// service_web.cpp: what the service is reached at.
void find_addresses(Draft& draft, Service& service);
// The one address that a proxy or a monitor can use; nullopt, and an error, where it is not clear.
[[nodiscard]] std::optional<Target> one_address(Draft& draft, const Service& service,
                                                const Origin& at);
// `port` of the container as it is reached from outside; `lines` gets those that say so. Nullopt,
// and an error, where the host does not publish it.
[[nodiscard]] std::optional<std::int64_t> reachable_port(Draft& draft, const Service& service,
                                                         std::int64_t port, const Origin& at,
                                                         std::vector<Origin>& lines);
// The fields of a `web:` entry, less what is read apart.
[[nodiscard]] Layer web_layer(const yaml::Node& node);
void derive_proxy_host(Draft& draft, const Service& service, const Web& web);

// service_monitor.cpp
void derive_monitor(Draft& draft, const Service& service);

// service_records.cpp: a record in each view of the zone that fits best, for each name and domain.
void derive_records(Draft& draft, const Service& service);
// Says what to do about a service whose address nobody knows.
void report_no_address(Draft& draft, const Service& service, const Origin& at);

}  // namespace homeostat
