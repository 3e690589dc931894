#include "reconciler/stuck.hpp"

#include <fmt/format.h>

#include "reconciler/names.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/planning.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {

std::string try_of(const TryInput& input) {
  const Change& change = input.change;
  const KindSchema* kind = find_kind(change.address.kind);
  if (kind == nullptr) return {};
  Attributes wanted = nullptr;
  if (input.desired != nullptr) {
    const auto filled = fill_secrets(*input.desired, input.secrets, input.extra);
    wanted = filled ? *filled : input.desired->attributes;
  }
  const Attributes live = input.live == nullptr ? Attributes() : input.live->attributes;
  nlohmann::json all = {name_of(change.action), change.native_id};
  if (change.fields.empty()) all.push_back(live);
  for (const FieldDiff& field : change.fields) {
    all.push_back({field.path, value_at(wanted, field.path, *kind, input.extra),
                   value_at(live, field.path, *kind, input.extra)});
  }
  return input.hash(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void hold_stuck(Planning& planning) {
  const PlanInput& in = planning.input;
  for (const auto& [address, tried] : in.ledger.tried) {
    const auto found = planning.changes.find(address);
    if (found == planning.changes.end() || tried.times < tries_until_stuck) continue;
    Change& change = found->second;
    const auto desired = planning.resolved.desired.find(address);
    const auto live = planning.out.live.find(address);
    const std::string now =
        try_of({.change = change,
                .desired = desired == planning.resolved.desired.end() ? nullptr : &desired->second,
                .live = live == planning.out.live.end() ? nullptr : live->second,
                .extra = extra_of(address, in.providers),
                .secrets = in.secrets,
                .hash = in.hash});
    if (now != tried.what) continue;
    hold(change, HoldCode::stuck,
         fmt::format("stuck: it was written {} times without effect, and is not written again "
                     "until the spec or the live value moves; look at the server, then `homeostat "
                     "resume {}`",
                     tried.times, display(address, false, false)));
  }
}

}  // namespace homeostat
