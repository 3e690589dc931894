// What the parts of make_plan share. For plan*.cpp only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/diff.hpp"
#include "reconciler/live_index.hpp"
#include "reconciler/lookups.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {

// The state of one planning. Parts run in the order of their declarations below.
struct Planning {
  explicit Planning(const PlanInput& from);

  const PlanInput& input;
  LiveIndex live;
  KnownSecrets known;
  Resolved resolved;
  Planned out;
  std::map<Address, Change> changes;
  // By position in live.entries(): the declared resource that each live thing is; null: none.
  std::vector<const Address*> declared_as;
  // Scopes that the spec has no more -> resources of ours there, which nobody can look after.
  std::map<Scope, std::size_t> left_behind;
  // Secrets that could not be compared: name -> why, and how many values.
  std::map<std::string, std::pair<std::string, std::size_t>> missing_secrets;
};

// --- plan_support.cpp
[[nodiscard]] bool selected(const PlanOptions& options, const Address& address);
[[nodiscard]] bool excluded(const PlanOptions& options, const Address& address);
// For people: without provider, and without the site where it is ours.
[[nodiscard]] std::string shown(const Planning& planning, const Address& address);
// A change of a declared resource, with everything but its fields; `entry` null: nothing is live.
[[nodiscard]] Change begin_change(const Planning& planning, Action action, const Resource& resource,
                                  const LiveEntry* entry);
// The first reason stays.
void hold(Change& change, HoldCode code, std::string text);
// Why what is the server's own is left alone; `usual` where the provider says no more.
[[nodiscard]] std::string fixed_words(const LiveResource& live, std::string_view usual);
void warn(Planning& planning, std::string message, std::string hint, const Origin& where);
// The declared address, or else the owner, of a live thing; its own address where it has neither.
[[nodiscard]] const Address& known_as(const Planning& planning, const LiveEntry& entry);
// What a live thing will look like when the change has been made.
[[nodiscard]] Attributes attributes_after(const Planning& planning, const Change& change);

// --- plan_declared.cpp: declared resources -> create, adopt, rename, update, restart, replace.
void plan_declared(Planning& planning);
// --- plan_compare.cpp: one declared resource against what is live.
struct Compared {
  DiffResult diff;
  std::vector<std::string> not_known;  // why values that would have to be written are not known
};
[[nodiscard]] Compared compare(Planning& planning, const Resource& resource,
                               const LiveResource* live, const Owned* owned);
// --- plan_holds.cpp
// Homeostat's own container cannot be restarted or moved from inside.
void hold_self(const Planning& planning, Change& change);
// A field that can only grow is not made smaller.
void hold_shrinking(const Planning& planning, Change& change);
// Of two things that are not ours, and that either could be adopted, only the user can choose.
void hold_twins(const Planning& planning, Change& change, const Resource& resource,
                const LiveEntry& entry);
// Protection outlives the line that said it: where the spec says nothing, it is as it was. `row`:
// the ledger's of what is owned there, or of the address.
void keep_protection(Resource& resource, const LiveEntry* entry, const Owned* row);
// What its marker says of `protect` and should not, in its place among the differences: it must
// outlive the ledger.
void add_mark_diff(const Planning& planning, const Resource& resource, const LiveEntry& entry,
                   std::vector<FieldDiff>& differs);
// What goes here and is declared with another provider is let go only once it is known there.
void hold_unknown_elsewhere(const Planning& planning, Change& change);
// --- plan_renames.cpp: a monitor that a service derives is called after the service. Where that
// has a new key, what was its monitor; nullptr where there is none.
[[nodiscard]] const LiveEntry* renamed_with_its_service(const Planning& planning,
                                                        const Resource& resource);
// --- plan_undeclared.cpp: what is ours and no longer declared -> delete, release; findings.
void plan_undeclared(Planning& planning);
// --- plan_outside.cpp: holds what leads to something that is not there yet, and that this plan has
// no change of.
void hold_what_runs_ahead(Planning& planning);
// --- plan_claims.cpp: holds what takes something that another one keeps.
void hold_what_is_in_the_way(Planning& planning);

}  // namespace homeostat
