#include "reconciler/loop/telling.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/cron.hpp"
#include "reconciler/outbox.hpp"
#include "reconciler/report/digest.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

constexpr std::size_t runs_shown = 10;

void put(Telling& telling, const Message& message, const std::vector<std::string>& to) {
  for (const std::string& notifier : to) telling.messages.push_back({notifier, message});
}

std::string key_of(const ScheduledReport& report) {
  std::string key = report.text + " " + report.timezone;
  for (const std::string& to : report.to) key += " " + to;
  for (const ReportPart part : report.include) key += fmt::format(" {}", static_cast<int>(part));
  return key;
}

DigestParts parts_of(const ScheduledReport& report) {
  DigestParts parts;
  for (const ReportPart part : report.include) {
    switch (part) {
      case ReportPart::drift:
        parts.insert(DigestPart::drift);
        break;
      case ReportPart::unmanaged:
        parts.insert(DigestPart::unmanaged);
        break;
      case ReportPart::incidents:
        parts.insert(DigestPart::incidents);
        break;
      case ReportPart::history:
        parts.insert(DigestPart::history);
        break;
    }
  }
  return parts;
}

// `before`: when it was made last.
Result<Message> message_of(const ScheduledReport& report, const Ledger& ledger, const Turn& turn,
                           Time before, Time now) {
  DigestInput input = {.plan = turn.planned.plan, .spec = turn.spec, .parts = parts_of(report)};
  TRY_ASSIGN(const auto incidents, ledger.incidents(Time{}));
  for (const Incident& incident : incidents) input.incidents.push_back(digest_incident(incident));
  input.closed_since = before;
  TRY_ASSIGN(input.runs, ledger.history(std::nullopt, runs_shown));
  TRY_ASSIGN(const LocalTime local, local_time(now, report.timezone));
  input.utc_offset_minutes = static_cast<int>(local.offset.count() / 60);
  const Digest digest = make_digest(std::move(input));
  return Message{
      .id = fmt::format("report {} {} {}", turn.spec.site, key_of(report), utc_time(now)),
      .site = turn.spec.site,
      .kind = Message::Kind::report,
      .title = headline(digest),
      .text = render_text(digest, TextStyle{}),
      .markdown = render_markdown(digest),
      .html = render_html(digest),
      .at = now};
}

Result<Sight> sight_of(const Ledger& ledger, const Turn* turn, const std::vector<Trouble>& others,
                       const std::vector<std::string>& to, Time now) {
  Sight sight;
  if (turn == nullptr) {
    sight.unknown = {plan_subject};  // nothing of it ends because nobody has looked yet
  } else {
    sight = troubles_of(turn->planned.plan, turn->spec, turn->looked);
    sight.troubles.insert(sight.troubles.end(), turn->troubles.begin(), turn->troubles.end());
    std::set<std::string> names(to.begin(), to.end());
    for (const ScheduledReport& report : turn->spec.reports) {
      names.insert(report.to.begin(), report.to.end());
    }
    TRY_ASSIGN(const auto states, ledger.notifiers());
    const auto untold = notifier_troubles(states, names, now);
    sight.troubles.insert(sight.troubles.end(), untold.begin(), untold.end());
  }
  sight.troubles.insert(sight.troubles.end(), others.begin(), others.end());
  TRY_ASSIGN(const auto approvals, ledger.approvals());
  for (const Approval& approval : approvals) {
    if (approval.pull_request == 0 || approval.state != Approval::State::waiting) continue;
    // One however often its tip moves.
    sight.troubles.push_back(
        {.kind = TroubleKind::approval,
         .key = fmt::format("pull request {}", approval.pull_request),
         .title = fmt::format("pull request {} of a fork waits for a look: homeostat approve {}",
                              approval.pull_request, approval.plan),
         .details = approval.reason,
         .since = approval.requested});
  }
  return sight;
}

// What comes of a sight: the incidents that moved, and the messages about them, in one piece.
Status follow(Ledger& ledger, const std::vector<Incident>& known, const Sight& sight,
              const std::string& site, const std::vector<std::string>& to, Time now) {
  Told told = follow_up(known, sight, now);
  Telling telling;
  for (const Message& message : messages_of(told.events, site)) put(telling, message, to);
  for (Incident& incident : told.incidents) {
    if (std::ranges::find(known, incident) == known.end()) {
      telling.incidents.push_back(std::move(incident));
    }
  }
  if (telling.incidents.empty() && telling.messages.empty()) return {};
  return ledger.tell(telling);
}

void sooner(std::optional<Time>& first, const std::optional<Time>& other) {
  if (other && (!first || *other < *first)) first = other;
}

}  // namespace

Status tell_found(Ledger& ledger, const Sight& found, const Spec& spec, Time now) {
  TRY_ASSIGN(const auto known, ledger.incidents(now - Damping().within));
  Sight sight = found;
  std::set<std::string> keys;
  for (const Trouble& trouble : found.troubles) keys.insert(trouble.key);
  for (const Incident& incident : known) {
    const bool is_there = !incident.closed && incident.there;
    if (is_there && !keys.contains(incident.trouble.key))
      sight.troubles.push_back(incident.trouble);
  }
  return follow(ledger, known, sight, spec.site, spec.notify, now);
}

Status tell_incidents(Ledger& ledger, const Turn* turn, const std::vector<Trouble>& others,
                      const std::string& site, const std::vector<std::string>& to, Time now) {
  TRY_ASSIGN(const Sight sight, sight_of(ledger, turn, others, to, now));
  TRY_ASSIGN(const auto known, ledger.incidents(now - Damping().within));
  return follow(ledger, known, sight, site, to, now);
}

Result<ReportsDone> make_reports(Ledger& ledger, const Turn& turn, Time now) {
  ReportsDone done;
  if (turn.spec.reports.empty()) return done;
  TRY_ASSIGN(const auto last, ledger.report_runs());
  Telling telling;
  for (const ScheduledReport& report : turn.spec.reports) {
    const std::string key = key_of(report);
    const auto before = last.find(key);
    Time from = before == last.end() ? now : before->second;
    if (before == last.end()) telling.reports[key] = now;
    TRY_ASSIGN(const bool now_due, due(report.cron, report.timezone, from, now));
    if (now_due) {
      TRY_ASSIGN(const Message message, message_of(report, ledger, turn, from, now));
      put(telling, message, report.to);
      telling.reports[key] = from = now;
      ++done.made;
    }
    TRY_ASSIGN(const auto next, next_after(report.cron, report.timezone, from));
    sooner(done.next, next);
  }
  if (telling.reports.empty()) return done;
  TRY(ledger.tell(telling));
  return done;
}

}  // namespace homeostat
