// Plans made by hand, for the tests of how a plan is shown.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "reconciler/report/report.hpp"

namespace homeostat {

inline bool has(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE("not found: " << part << "\nin:\n" << text);
  return found;
}

// 2026-11-<day>
inline Time november(int day, int hour, int minute, int second = 0) {
  using namespace std::chrono;
  return sys_days(year{2026} / 11 / day) + hours(hour) + minutes(minute) + seconds(second);
}

inline Address at(const std::string& kind, const std::string& name, const std::string& provider) {
  return {"home", kind, name, provider};
}

inline FieldDiff differs(const std::string& path, nlohmann::json live, nlohmann::json desired,
                         Cause cause) {
  FieldDiff out;
  out.path = path;
  out.live = std::move(live);
  out.desired = std::move(desired);
  out.cause = cause;
  return out;
}

inline Provenance commit(const std::string& hash, const std::string& file, int line,
                         const std::string& author) {
  Provenance out;
  out.commit = hash + std::string(40 - hash.size(), '0');
  out.author = author;
  out.where = {file, line, 5};
  return out;
}

inline Change change(Action action, Address address, Cause cause,
                     std::vector<FieldDiff> fields = {}) {
  Change out;
  out.action = action;
  out.address = std::move(address);
  out.cause = cause;
  out.fields = std::move(fields);
  return out;
}

inline ScopeSummary scope(const std::string& provider, const std::string& zone,
                          std::size_t owned = 0, std::size_t going = 0, std::size_t limit = 5) {
  ScopeSummary out;
  out.scope = {provider, zone};
  out.at = november(20, 14, 2, 11);
  out.owned = owned;
  out.going = going;
  out.limit = limit;
  return out;
}

inline Plan empty_plan() {
  Plan plan;
  plan.site = "home";
  plan.commit = "3f2a91c" + std::string(33, '0');
  plan.branch = "main";
  plan.ledger = true;
  plan.made = november(20, 14, 2, 12);
  plan.at = november(20, 14, 2, 11);
  plan.scopes = {scope("dns", "", 0), scope("dns", "lab", 181), scope("pve", "", 12)};
  plan.resources = 181;
  return plan;
}

inline Hold held(HoldCode code, const std::string& text) {
  Hold out;
  out.code = code;
  out.text = text;
  return out;
}

inline Error problem(const std::string& message, const std::string& hint = {},
                     const SourceRef& where = {}) {
  return {ErrorKind::transient, message, hint, where, ""};
}

// The plan that the design shows.
inline Plan design_plan() {
  Plan plan = empty_plan();
  plan.scopes = {scope("dns", ""), scope("dns", "lab", 181, 1), scope("kuma", ""),
                 scope("npm", "", 20), scope("pve", "", 12)};
  plan.scopes[2].unknown = problem("no answer in 10 s");
  plan.scopes[2].not_compared = 4;
  plan.unknown[{"kuma", ""}]["monitor"] = 4;

  Change create = change(Action::create, at("dns", "lab/forgejo/A", "dns"), Cause::git,
                         {differs("values", nullptr, {"10.5.0.110"}, Cause::git)});
  create.provenance = commit("3f2a91c", "forgejo.yaml", 4, "Ana");
  FieldDiff memory = differs("memory", "2GiB", "4GiB", Cause::git);
  memory.provenance = commit("3f2a91c", "media.yaml", 9, "Ana");
  FieldDiff force = differs("force_https", false, true, Cause::drift);
  force.since = november(20, 13, 41);
  force.by = "ops";
  Change gone = change(Action::remove, at("dns", "lab/old/CNAME", "dns"), Cause::git,
                       {differs("values", {"web.lab.example.org"}, nullptr, Cause::git)});
  gone.provenance = commit("91bb020", "dns.yaml", 12, "Ana");
  gone.provenance->removed = true;
  plan.changes = {
      std::move(create),
      change(Action::restart, at("container", "jellyfin", "pve"), Cause::git, {memory}),
      change(Action::update, at("proxy_host", "jellyfin", "npm"), Cause::drift, {force}),
      std::move(gone)};
  return plan;
}

// Without the id, which stands for the plan's content.
inline std::string text_of(const Plan& plan, const TextStyle& style = {}, const Spec& spec = {}) {
  const std::string text = render_text(plan, spec, style);
  return text.substr(0, 5) == "plan " ? "plan XXXXXX" + text.substr(11) : text;
}

}  // namespace homeostat
