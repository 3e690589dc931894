#include "tests/contract/pdns_bench.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "reconciler/contract/samples.hpp"

namespace homeostat::contract {
namespace {

using Json = nlohmann::json;

// By its type: what somebody writes by hand.
std::string content(const std::string& type, int number, bool like_the_sample) {
  const int net = like_the_sample ? 5 : 9;
  if (type == "A") return fmt::format("10.{}.0.{}", net, number);
  return fmt::format("\"{} story; {}\"", like_the_sample ? "the" : "another", number);
}

}  // namespace

PdnsBench::PdnsBench(test::PdnsBackend backend)
    : server_(backend), wire_(server_.port()), backend_(backend) {
  ::setenv("HOMEOSTAT_CONTRACT_KEY", test::PdnsServer::key, 1);
}

std::string PdnsBench::open() {
  zone_ = fmt::format("c{}.example.org", ++zones_);
  server_.create_zone(zone_);
  wire_.clear();
  return fmt::format(
      "providers:\n"
      "  it: {{ type: powerdns, url: \"{}\", key: \"${{secret.key}}\", timeout: {} }}\n"
      "secrets:\n  key: {{ env: HOMEOSTAT_CONTRACT_KEY }}\n"
      "zones:\n  lab: {{ zone: {}, on: [it] }}\n",
      wire_.url(), timeout, zone_);
}

std::vector<Sample> PdnsBench::samples() const {
  std::vector<Sample> all = samples_of("dns");
  // Without comments there is no place for it.
  for (Sample& sample : all) sample.others["description"] = marks() ? "by hand" : "";
  return all;
}

PdnsBench::Set PdnsBench::set_of(const std::string& name) const {
  const auto parts = name_components(name.substr(name.find('/') + 1));
  return {parts.at(1) + '.' + zone_, parts.at(2)};
}

std::string PdnsBench::peek(const std::string& name) {
  const Set set = set_of(name);
  const Json found = server_.rrset(zone_, set.name, set.type);
  return found.is_null() || found["records"].empty() ? "" : found.dump();
}

std::size_t PdnsBench::count() {
  std::size_t sets = 0;
  const Json zone = server_.zone(zone_);
  for (const Json& set : zone["rrsets"]) {
    const bool own = set["name"] == zone_ + '.' && (set["type"] == "SOA" || set["type"] == "NS");
    if (!own && !set["records"].empty()) ++sets;
  }
  return sets;
}

void PdnsBench::plant(const Sample& sample, int number, bool like_the_sample) {
  const Set set = set_of(numbered(sample.name, number));
  server_.put(zone_, set.name, set.type, 300, {content(set.type, number, like_the_sample)});
}

void PdnsBench::disturb(const Sample& sample, int number) { plant(sample, number, false); }

void PdnsBench::drop(const std::string& name) {
  const Set set = set_of(name);
  server_.remove(zone_, set.name, set.type);
}

// Where no marker can be kept, a copy is just something of others.
bool PdnsBench::copy(const std::string& from, const std::string& to) {
  const Set old = set_of(from);
  Json set = server_.rrset(zone_, old.name, old.type);
  set["name"] = set_of(to).name + '.';
  set["changetype"] = "REPLACE";
  if (!marks()) set.erase("comments");
  server_.patch(zone_, Json::array({set}));
  return true;
}

// The zone has another key: all its records have other names, and are the same.
Sample PdnsBench::rename(const Sample& sample, std::string& head) const {
  return renamed(sample, head);
}

}  // namespace homeostat::contract
