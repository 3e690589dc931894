// The entry point of this folder: files -> what is wanted, or all errors at once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "specs/config.hpp"
#include "specs/notifier_schema.hpp"
#include "specs/source.hpp"

namespace homeostat {

struct Spec {
  Revision revision;
  std::string folder;              // Source::folder()
  std::vector<std::string> files;  // Origin::file indexes it
  std::string site;
  std::optional<Address> self;  // Homeostat's own container
  std::map<std::string, ProviderConfig> providers;
  std::map<std::string, Network> networks;
  Zones zones;  // reverse views included
  std::map<std::string, SecretSource> secrets;
  Policy policy;
  std::map<std::string, NotifierConfig> notifiers;
  std::vector<std::string> notify;  // who is told of incidents; where nothing says so, all of them
  std::vector<ScheduledReport> reports;
  Desired desired;  // services expanded, defaults merged, references linked
  Errors warnings;
};

// Whether there is a time zone of that name; the message says what is wrong.
using FindZone = std::function<Status(const std::string& name)>;

// `types`, `notifiers`: the types of both that this binary knows. Without `find_zone`, names of
// time zones are checked for their form alone. PTR records and automatic addresses are not here
// yet: they depend on the live system, and are made by the reconciler's resolve step. An empty
// tree, or one without `site`, is an error, never an empty spec.
[[nodiscard]] tl::expected<Spec, Errors> load_spec(const Source& source,
                                                   std::span<const ProviderSchema> types,
                                                   std::span<const NotifierSchema> notifiers = {},
                                                   const FindZone& find_zone = {});

}  // namespace homeostat
