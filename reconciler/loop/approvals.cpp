#include "reconciler/loop/approvals.hpp"

#include <algorithm>

namespace homeostat {
namespace {

bool goes(const Change& change) {
  return change.action == Action::remove || change.action == Action::replace;
}

// The consents that would let through what is held. A glob says nothing here: each by its name.
void lift(PlanOptions& options, const Plan& plan) {
  for (const Change& change : plan.changes) {
    if (goes(change)) ++options.allow_deletes;  // more than enough; `exactly` says which
    if (!change.hold) continue;
    const std::string name = display(change.address, true, true);
    switch (change.hold->code) {
      case HoldCode::needs_consent:
        options.allow_destroy.push_back(name);
        break;
      case HoldCode::adopt_differs:
        options.adopt.push_back(name);
        break;
      case HoldCode::reads_empty:
        options.accept_empty.insert(to_string(scope_of(change.address)));
        break;
      default:
        break;
    }
  }
}

std::set<Address> held_in(const Plan& plan) {
  std::set<Address> held;
  for (const Change& change : plan.changes) {
    if (change.hold) held.insert(change.address);
  }
  return held;
}

}  // namespace

std::optional<SavedPlan> to_be_approved(Round& round) {
  const std::set<Address> held = held_in(round.planned.plan);
  if (held.empty() || !round.planned.plan.stops.empty()) return std::nullopt;
  // The round stays as it was: it is only asked what it would be.
  const Request asked = round.request;
  Planned planned = std::move(round.planned);
  std::optional<SavedPlan> saved;
  lift(round.request.options, planned.plan);
  round.request.loop->approved = true;
  const auto wanted = [&](std::optional<std::set<Address>> exactly) {
    round.request.options.exactly = std::move(exactly);
    auto again = plan_again(round);
    if (!again) return false;
    round.planned = std::move(*again);
    return true;
  };
  std::set<Address> freed;
  if (wanted(std::nullopt)) {
    for (const Change& change : round.planned.plan.changes) {
      if (!change.hold && !change.quiet && held.contains(change.address)) {
        freed.insert(change.address);
      }
    }
  }
  if (!freed.empty() && wanted(freed)) saved = take_down(round);
  if (saved && saved->changes.empty()) saved.reset();
  round.request = asked;
  round.planned = std::move(planned);
  return saved;
}

Approval question_of(const SavedPlan& plan, const SecretHash& hash) {
  Approval question{.plan = plan.id};
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [address, change] : plan.changes) {
    question.addresses.push_back(address);
    question.reason +=
        change.at("action").get<std::string>() + " " + display(address, false, false) + "\n";
    all.push_back({to_string(address), change});
  }
  for (const auto& [address, footing] : plan.footings) {
    all.push_back({to_string(address), footing.desired, footing.live, footing.agreed});
  }
  all.push_back(plan.connections);
  question.digest = hash(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return question;
}

}  // namespace homeostat
