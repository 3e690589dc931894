// The form of a saved plan's file: JSON of one version, with a seal.
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "reconciler/saved_plan.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr int version = 1;
constexpr const char* version_key = "homeostat_saved_plan";

json map_of(const std::map<std::string, std::string>& values) { return json(values); }

json document_of(const PlanOptions& options) {
  return {{"only", options.only},
          {"exclude", options.exclude},
          {"adopt", options.adopt},
          {"allow_destroy", options.allow_destroy},
          {"allow_deletes", options.allow_deletes},
          {"accept_empty", options.accept_empty}};
}

PlanOptions options_of(const json& document) {
  PlanOptions options;
  document.at("only").get_to(options.only);
  document.at("exclude").get_to(options.exclude);
  document.at("adopt").get_to(options.adopt);
  document.at("allow_destroy").get_to(options.allow_destroy);
  document.at("allow_deletes").get_to(options.allow_deletes);
  document.at("accept_empty").get_to(options.accept_empty);
  return options;
}

json document_of(const SavedPlan& plan) {
  json changes = json::object();
  for (const auto& [address, change] : plan.changes) changes[to_string(address)] = change;
  json footings = json::object();
  for (const auto& [address, footing] : plan.footings) {
    footings[to_string(address)] = {{"desired", map_of(footing.desired)},
                                    {"live", map_of(footing.live)},
                                    {"agreed", map_of(footing.agreed)}};
  }
  return {{version_key, version},
          {"site", plan.site},
          {"rev", plan.rev},
          {"path", plan.path},
          {"commit", plan.commit},
          {"made", plan.made.time_since_epoch().count()},
          {"id", plan.id},
          {"options", document_of(plan.options)},
          {"changes", std::move(changes)},
          {"stands_on", std::move(footings)},
          {"connections", map_of(plan.connections)}};
}

// Throws json::exception where a member is missing or of another type.
Result<SavedPlan> plan_of(const json& document) {
  SavedPlan plan;
  document.at("site").get_to(plan.site);
  document.at("rev").get_to(plan.rev);
  document.at("path").get_to(plan.path);
  document.at("commit").get_to(plan.commit);
  plan.made = Time(std::chrono::seconds(document.at("made").get<std::int64_t>()));
  document.at("id").get_to(plan.id);
  plan.options = options_of(document.at("options"));
  for (const auto& [text, change] : document.at("changes").items()) {
    TRY_ASSIGN(Address address, parse_address(text));
    plan.changes.emplace(std::move(address), change);
  }
  for (const auto& [text, footing] : document.at("stands_on").items()) {
    TRY_ASSIGN(Address address, parse_address(text));
    Footing& to = plan.footings[address];
    footing.at("desired").get_to(to.desired);
    footing.at("live").get_to(to.live);
    footing.at("agreed").get_to(to.agreed);
  }
  document.at("connections").get_to(plan.connections);
  return plan;
}

// Says which key, and nothing about it.
std::string key_mark(const SecretHash& hash) { return hash("the key of saved plans"); }

std::string seal_of(const json& document, const SecretHash& hash) {
  return hash("a saved plan: " + document.dump(-1, ' ', false, json::error_handler_t::replace));
}

bool same(const json& text, const std::string& expected) {
  if (!text.is_string()) return false;
  const auto& given = text.get_ref<const std::string&>();
  return given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

tl::unexpected<Error> refuse(const std::string& name, const std::string& why) {
  return fail(ErrorKind::conflict, name + " " + why, "plan again: homeostat plan --out " + name);
}

}  // namespace

std::string write_saved_plan(const SavedPlan& plan, const SecretHash& hash) {
  json document = document_of(plan);
  document["key"] = key_mark(hash);
  document["seal"] = seal_of(document, hash);
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<json> parse_saved_plan(const std::string& text, const std::string& name) {
  json document =
      nests_too_deep(text) ? json(json::value_t::discarded) : json::parse(text, nullptr, false);
  if (document.is_discarded()) return refuse(name, "is cut off, or no saved plan");
  const json number = document.is_object() ? document.value(version_key, json()) : json();
  if (!number.is_number_integer()) return refuse(name, "is no saved plan");
  if (number != version) {
    return refuse(name,
                  fmt::format("is a saved plan of version {}, and this binary knows version {}",
                              number.dump(), version));
  }
  for (const char* member : {"site", "rev", "path"}) {
    if (!document.value(member, json()).is_string()) {
      return refuse(name, "was changed since it was saved");
    }
  }
  return document;
}

Status check_seal(const json& document, const std::string& name, const std::string& site,
                  const SecretHash& hash) {
  const auto of = document.value("site", std::string());
  if (of != site) {
    return refuse(name, fmt::format("is a plan of site {}, and this repo is site {}", of, site));
  }
  if (!same(document.value("key", json()), key_mark(hash))) {
    return refuse(name, "was made with another key: on another machine, or with another ledger");
  }
  json sealed = document;
  sealed.erase("seal");
  if (!same(document.value("seal", json()), seal_of(sealed, hash))) {
    return refuse(name, "was changed since it was saved");
  }
  return {};
}

Result<SavedPlan> plan_in(const json& document, const std::string& name) {
  try {
    return plan_of(document);
  } catch (const json::exception&) {
    return refuse(name, "was changed since it was saved");
  }
}

}  // namespace homeostat
