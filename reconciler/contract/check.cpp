#include "reconciler/contract/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/connections.hpp"

namespace homeostat::contract {
namespace {

// The instance, and each secret that it is told.
Status check_trust(const Judged& judged, const ProviderConfig& config) {
  std::vector<std::string> needed = {provider_connection(config.name)};
  for (const OpenValue& open : config.open) {
    for (const TemplatePart& part : open.parts) {
      if (part.kind == TemplatePart::Kind::secret) needed.push_back(secret_connection(part.text));
    }
  }
  for (const std::string& name : needed) {
    if (const auto refused = judged.verdict.refused.find(name);
        refused != judged.verdict.refused.end()) {
      Error why = refused->second;
      why.message = name + ": " + why.message;
      why.kind = ErrorKind::auth;
      return tl::unexpected(std::move(why));
    }
    const auto blocked = std::ranges::find(judged.verdict.blocked, name, &BlockedConnection::name);
    if (blocked != judged.verdict.blocked.end()) {
      return tl::unexpected(Error{ErrorKind::auth,
                                  name + " is another one than was trusted on this machine",
                                  "look at it with: homeostat trust",
                                  blocked->where,
                                  {}});
    }
  }
  return {};
}

// What only follows from resources, and may not be where there are none.
Status check_settings(const ProviderConfig& config, const Spec& spec) {
  for (const OpenValue& open : config.open) {
    for (const TemplatePart& part : open.parts) {
      if (part.kind != TemplatePart::Kind::reference || open.pointer == "/address") continue;
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{} refers to {}, and is not checked with a part of the homelab",
                              open.pointer.substr(1), display(part.target, false, false)),
                  "write the value itself in an instance of its own for the check",
                  source_ref(open.at, spec.files));
    }
  }
  return {};
}

Status check_declared(const Spec& spec, const Scope& scope) {
  std::size_t count = 0;
  const Resource* first = nullptr;
  for (const auto& [address, resource] : spec.desired) {
    if (scope_of(address) != scope) continue;
    if (first == nullptr) first = &resource;
    ++count;
  }
  if (first == nullptr) return {};
  return fail(ErrorKind::conflict,
              fmt::format("{} is no scratch scope: {} declared in it, {} for one", to_string(scope),
                          count == 1 ? "1 resource is" : fmt::format("{} resources are", count),
                          display(first->address, false, false)),
              "configure a zone, or an instance, that nothing else is for",
              source_ref(first->where, spec.files));
}

std::string subject_of(const Sample& sample) {
  const std::string kind = kind_of(sample.name);
  return kind == "dns" ? "dns " + sample.name.substr(sample.name.rfind('/') + 1) : kind;
}

class Check {
 public:
  Check(ProviderBench& bench, const std::function<void(const CheckStep&)>& told)
      : bench_(bench), told_(told) {}

  CheckResult run() {
    play_all();
    if (bench_.stop().stop_requested()) out_.ended = "it was told to stop";
    out_.left = bench_.clear();
    return std::move(out_);
  }

 private:
  void play_all() {
    for (const Sample& sample : bench_.samples()) {
      const Complaints complaints = bench_.try_out(sample);
      tell(sample, "what is made can be removed again", {complaints});
      if (complaints.empty()) continue;
      out_.ended = "what cannot be removed is not made any more";
      return;
    }
    // Now the provider may know more of what it can do.
    for (const Sample& sample : bench_.samples()) {
      for (const Chapter& chapter : chapters()) {
        if (!is_empty()) return;
        Told told = chapter.play(bench_, sample);
        const Complaints troubles = bench_.take_troubles();
        told.complaints.insert(told.complaints.end(), troubles.begin(), troubles.end());
        tell(sample, chapter.title, std::move(told));
      }
    }
  }

  // A chapter begins with nothing.
  bool is_empty() {
    if (bench_.stop().stop_requested()) return false;
    if (const Complaints left = bench_.clear(); !left.empty()) {
      out_.ended = left.front();
      return false;
    }
    const auto content = bench_.survey();
    if (!content) {
      out_.ended = content.error().message;
    } else if (!content->others.empty()) {
      out_.ended = content->others.front() + " came to be meanwhile: somebody else works here";
    }
    return out_.ended.empty();
  }

  // What a chapter says that was broken off means nothing.
  void tell(const Sample& sample, const std::string& title, Told told) {
    if (bench_.stop().stop_requested()) return;
    if (!told.complaints.empty()) {
      ++out_.failed;
    } else {
      ++(told.cannot.empty() ? out_.ok : out_.cannot);
    }
    told_({subject_of(sample), title, std::move(told)});
  }

  ProviderBench& bench_;
  const std::function<void(const CheckStep&)>& told_;
  CheckResult out_;
};

}  // namespace

Result<Scope> find_scratch(const Judged& judged, const std::string& text) {
  const Spec& spec = judged.spec;
  std::vector<std::string> known;
  const Scope* found = nullptr;
  const std::set<Scope> scopes = scopes_of(spec);
  for (const Scope& scope : scopes) {
    known.push_back(to_string(scope));
    if (known.back() == text) found = &scope;
  }
  if (found == nullptr) {
    const std::string near = suggestion(text, known);
    return fail(ErrorKind::not_found, "there is no scope " + text,
                near.empty() ? "`homeostat status` lists the scopes" : near);
  }
  const ProviderConfig& config = spec.providers.at(found->provider);
  if (kinds_in(spec, *found).empty()) {
    return fail(ErrorKind::invalid_spec,
                found->zone.empty() ? config.type + " keeps nothing but records"
                                    : config.type + " keeps no records",
                found->zone.empty() ? "name a zone of it: " + config.name + "/ZONE"
                                    : "name the instance alone: " + config.name);
  }
  if (!found->zone.empty() && !spec.zones.at(found->zone).reverse_of.empty()) {
    return fail(ErrorKind::invalid_spec,
                "the records of a reverse zone follow from others, and are not checked alone",
                "name a zone of its own");
  }
  TRY(check_trust(judged, config));
  TRY(check_settings(config, spec));
  TRY(check_declared(spec, *found));
  return *found;
}

CheckResult check(ProviderBench& bench, const std::function<void(const CheckStep&)>& told) {
  return Check(bench, told).run();
}

}  // namespace homeostat::contract
