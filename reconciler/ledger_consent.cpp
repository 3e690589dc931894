#include "reconciler/ledger_consent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reconciler/ledger_rows.hpp"

namespace homeostat {
namespace {

using nlohmann::json;
using State = Approval::State;

constexpr std::int64_t approvals_kept = 1000;  // that are over

constexpr std::array<std::pair<State, std::string_view>, 5> state_names{{
    {State::waiting, "waiting"},
    {State::approved, "approved"},
    {State::done, "done"},
    {State::failed, "failed"},
    {State::stale, "stale"},
}};

bool is_open(const Approval& approval) {
  return approval.state == State::waiting || approval.state == State::approved;
}

std::string encode(const std::vector<Address>& addresses) {
  json out = json::array();
  for (const Address& address : addresses) out.push_back(to_string(address));
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<Address>> decode(std::string_view text) {
  const json from = json::parse(text, nullptr, false);
  std::vector<Address> addresses;
  if (!from.is_array()) return fail(ErrorKind::internal, "addresses that are no JSON");
  for (const json& item : from) {
    if (!item.is_string()) return fail(ErrorKind::internal, "an address that is no text");
    TRY_ASSIGN(addresses.emplace_back(), parse_address(item.get_ref<const std::string&>()));
  }
  return addresses;
}

Result<Approval> approval_at(const SqlRow& row) {
  Approval approval;
  approval.id = row.integer(0);
  approval.plan = row.text(1);
  TRY_ASSIGN(approval.addresses, decode(row.text(2)));
  approval.digest = row.text(3);
  approval.reason = row.text(4);
  approval.requested = time_at(row.integer(5));
  const auto* const state =
      std::ranges::find(state_names, row.text(6), &std::pair<State, std::string_view>::second);
  if (state == state_names.end()) return fail(ErrorKind::internal, "a state that is not known");
  approval.state = state->first;
  if (row.integer(7) != 0) approval.approved = time_at(row.integer(7));
  approval.by = row.text(8);
  if (row.integer(9) != 0) approval.ended = time_at(row.integer(9));
  approval.outcome = row.text(10);
  return approval;
}

std::string what_became_of(const Approval& approval) {
  switch (approval.state) {
    case State::done:
      return fmt::format("plan {} was approved and is done", approval.plan);
    case State::failed:
      return fmt::format("plan {} was approved and failed: {}", approval.plan, approval.outcome);
    case State::waiting:
    case State::approved:
    case State::stale:
      return fmt::format("plan {} is stale: what would be done is not the same any more",
                         approval.plan);
  }
  return {};
}

}  // namespace

std::string_view name_of(Approval::State state) {
  const auto* const found =
      std::ranges::find(state_names, state, &std::pair<State, std::string_view>::first);
  return found == state_names.end() ? std::string_view() : found->second;
}

Status read_approvals(Database& database, std::vector<Approval>& approvals) {
  return database.each(
      "SELECT id, plan, addresses, digest, reason, requested, state, approved, by, ended, outcome"
      " FROM approvals ORDER BY id DESC",
      {}, [&](const SqlRow& row) -> Status {
        auto approval = approval_at(row);
        if (!approval) {
          return fail(ErrorKind::internal,
                      fmt::format("the ledger {} is damaged: approval {} has {}", database.path(),
                                  row.integer(0), approval.error().message),
                      damaged_hint(database.path()));
        }
        approvals.push_back(std::move(*approval));
        return {};
      });
}

Status ask_for_approval(Database& database, const std::optional<Approval>& wanted, Time now,
                        std::optional<Approval>& open) {
  std::vector<Approval> approvals;
  TRY(read_approvals(database, approvals));
  for (Approval& known : approvals) {
    if (!is_open(known)) continue;
    if (wanted && known.digest == wanted->digest && !open) {
      open = std::move(known);
    } else {
      TRY(end_approval(database, known.id, State::stale, "the plan has moved", now));
    }
  }
  if (!wanted || open) return {};
  TRY(database.run(
      "INSERT INTO approvals(plan, addresses, digest, reason, requested)"
      " VALUES(?,?,?,?,?)",
      {wanted->plan, encode(wanted->addresses), wanted->digest, wanted->reason, seconds_of(now)}));
  open = *wanted;
  open->id = database.last_id();
  open->requested = now;
  open->state = State::waiting;
  return database.run(
      "DELETE FROM approvals WHERE state NOT IN ('waiting', 'approved') AND id <= (SELECT id FROM"
      " approvals ORDER BY id DESC LIMIT 1 OFFSET ?)",
      {approvals_kept});
}

Status give_approval(Database& database, const std::string& plan, const std::string& by, Time at,
                     Approval& approved) {
  std::vector<Approval> approvals;
  TRY(read_approvals(database, approvals));
  const Approval* ended = nullptr;
  for (Approval& known : approvals) {
    if (plan.size() < 4 || !known.plan.starts_with(plan)) continue;
    if (!is_open(known)) {
      if (ended == nullptr) ended = &known;
      continue;
    }
    if (known.state == State::waiting) {
      known.state = State::approved;
      known.approved = at;
      known.by = by;
      TRY(database.run("UPDATE approvals SET state = 'approved', approved = ?, by = ? WHERE id = ?",
                       {seconds_of(at), by, known.id}));
    }
    approved = std::move(known);
    return {};
  }
  if (ended != nullptr) {
    return fail(ErrorKind::conflict, what_became_of(*ended),
                "see what waits now with `homeostat status`");
  }
  return fail(ErrorKind::not_found, fmt::format("no plan {} waits for approval", plan),
              "see what waits with `homeostat status`");
}

Status end_approval(Database& database, std::int64_t id, Approval::State state,
                    const std::string& outcome, Time at) {
  return database.run(
      "UPDATE approvals SET state = ?, outcome = ?, ended = ?"
      " WHERE id = ? AND state IN ('waiting', 'approved')",
      {name_of(state), outcome, seconds_of(at), id});
}

Status read_manual_holds(Database& database, std::vector<ManualHold>& holds) {
  return database.each("SELECT glob, reason, by, since FROM holds ORDER BY since, glob", {},
                       [&holds](const SqlRow& row) {
                         holds.push_back({.glob = std::string(row.text(0)),
                                          .reason = std::string(row.text(1)),
                                          .by = std::string(row.text(2)),
                                          .since = time_at(row.integer(3))});
                         return Status();
                       });
}

Status write_manual_hold(Database& database, const ManualHold& hold) {
  return database.run("INSERT OR REPLACE INTO holds(glob, reason, by, since) VALUES(?,?,?,?)",
                      {hold.glob, hold.reason, hold.by, seconds_of(hold.since)});
}

Status delete_manual_hold(Database& database, const std::string& glob, bool& was) {
  TRY(database.each("SELECT 1 FROM holds WHERE glob = ?", {glob}, [&was](const SqlRow&) {
    was = true;
    return Status();
  }));
  return database.run("DELETE FROM holds WHERE glob = ?", {glob});
}

}  // namespace homeostat
