#include "reconciler/ledger_loop.hpp"

#include <fmt/format.h>

#include "providers/core/failpoint.hpp"
#include "reconciler/ledger_rows.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::int64_t incidents_kept = 1000;  // that are closed
constexpr std::int64_t messages_kept = 1000;   // that are sent, or given up

tl::unexpected<Error> damaged(const Database& database, std::string_view what) {
  return fail(ErrorKind::internal,
              fmt::format("the ledger {} is damaged: {}", database.path(), what),
              damaged_hint(database.path()));
}

std::string encode(const Message& message) {
  const json out = {{"id", message.id},
                    {"site", message.site},
                    {"kind", static_cast<int>(message.kind)},
                    {"title", message.title},
                    {"text", message.text},
                    {"markdown", message.markdown},
                    {"html", message.html},
                    {"at", seconds_of(message.at)},
                    {"incident", message.incident}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Message> decode(std::string_view text) {
  try {
    const json from = json::parse(text);
    const int kind = from.at("kind").get<int>();
    if (kind < 0 || kind > static_cast<int>(Message::Kind::note)) return std::nullopt;
    return Message{.id = from.at("id").get<std::string>(),
                   .site = from.at("site").get<std::string>(),
                   .kind = static_cast<Message::Kind>(kind),
                   .title = from.at("title").get<std::string>(),
                   .text = from.at("text").get<std::string>(),
                   .markdown = from.at("markdown").get<std::string>(),
                   .html = from.at("html").get<std::string>(),
                   .at = time_at(from.at("at").get<std::int64_t>()),
                   .incident = from.at("incident").get<std::string>()};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

Status write_incident(Database& database, const Incident& incident) {
  const Trouble& trouble = incident.trouble;
  return database.run(
      "INSERT INTO incidents(id, kind, key, subject, title, details, by, since, opened, closed,"
      " flapping, there, moved) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)"
      " ON CONFLICT DO UPDATE SET (subject, title, details, by, since, closed, flapping, there,"
      "  moved) = (excluded.subject, excluded.title, excluded.details, excluded.by,"
      "  excluded.since, excluded.closed, excluded.flapping, excluded.there, excluded.moved)"
      " WHERE (subject, title, details, by, since, closed, flapping, there, moved) <>"
      "  (excluded.subject, excluded.title, excluded.details, excluded.by, excluded.since,"
      "  excluded.closed, excluded.flapping, excluded.there, excluded.moved)",
      {incident.id, name_of(trouble.kind), trouble.key, trouble.subject, trouble.title,
       trouble.details, trouble.by, seconds_of(trouble.since), seconds_of(incident.opened),
       incident.closed ? seconds_of(*incident.closed) : 0, std::int64_t{incident.flapping},
       std::int64_t{incident.there}, seconds_of(incident.moved)});
}

}  // namespace

Status read_incidents(Database& database, Time since, IncidentList& incidents) {
  return database.each(
      "SELECT id, kind, key, subject, title, details, by, since, opened, closed, flapping, there,"
      " moved FROM incidents WHERE closed = 0 OR opened >= ? OR id = (SELECT max(id) FROM"
      " incidents) ORDER BY id",
      {seconds_of(since)}, [&](const SqlRow& row) -> Status {
        const auto kind = trouble_kind(row.text(1));
        if (!kind) return damaged(database, fmt::format("incident {}", row.integer(0)));
        Incident& incident = incidents.emplace_back();
        incident.id = row.integer(0);
        incident.trouble = {.kind = *kind,
                            .key = std::string(row.text(2)),
                            .title = std::string(row.text(4)),
                            .details = std::string(row.text(5)),
                            .since = time_at(row.integer(7)),
                            .by = std::string(row.text(6)),
                            .subject = std::string(row.text(3))};
        incident.opened = time_at(row.integer(8));
        if (row.integer(9) != 0) incident.closed = time_at(row.integer(9));
        incident.flapping = row.integer(10) != 0;
        incident.there = row.integer(11) != 0;
        incident.moved = time_at(row.integer(12));
        return {};
      });
}

Status read_report_runs(Database& database, ReportRuns& runs) {
  return database.each("SELECT name, at FROM report_runs", {}, [&runs](const SqlRow& row) {
    runs.emplace(row.text(0), time_at(row.integer(1)));
    return Status();
  });
}

Status read_outbox(Database& database, const std::string& notifier, std::vector<Waiting>& waiting) {
  return database.each(
      "SELECT id, notifier, message, attempts, not_before, error FROM outbox"
      " WHERE state = 'waiting' AND notifier = ? ORDER BY id",
      {notifier}, [&](const SqlRow& row) -> Status {
        auto message = decode(row.text(2));
        if (!message) return damaged(database, fmt::format("message {}", row.integer(0)));
        waiting.push_back({.id = row.integer(0),
                           .notifier = std::string(row.text(1)),
                           .message = std::move(*message),
                           .attempts = static_cast<int>(row.integer(3)),
                           .not_before = time_at(row.integer(4)),
                           .error = std::string(row.text(5))});
        return {};
      });
}

Status read_notifiers(Database& database, NotifierStates& states) {
  TRY(
      database.each("SELECT notifier, count(*), made, attempts, error, min(id) FROM outbox"
                    " WHERE state = 'waiting' GROUP BY notifier",
                    {}, [&states](const SqlRow& row) {
                      NotifierState& state = states[std::string(row.text(0))];
                      state.waiting = static_cast<std::size_t>(row.integer(1));
                      state.oldest = time_at(row.integer(2));
                      state.attempts = static_cast<int>(row.integer(3));
                      state.error = row.text(4);
                      return Status();
                    }));
  return database.each(
      "SELECT notifier, state, ended, error, max(id) FROM outbox WHERE state <> 'waiting'"
      " GROUP BY notifier",
      {}, [&states](const SqlRow& row) {
        NotifierState& state = states[std::string(row.text(0))];
        state.failed = row.text(1) == "failed";
        state.ended = time_at(row.integer(2));
        state.failure = row.text(3);
        return Status();
      });
}

Status write_telling(Database& database, const Telling& telling) {
  for (const Incident& incident : telling.incidents) {
    TRY(write_incident(database, incident));
  }
  failpoint("outbox.in_telling");
  for (const Outgoing& outgoing : telling.messages) {
    TRY(database.run("INSERT OR IGNORE INTO outbox(notifier, event, message, made) VALUES(?,?,?,?)",
                     {outgoing.notifier, outgoing.message.id, encode(outgoing.message),
                      seconds_of(outgoing.message.at)}));
  }
  for (const auto& [name, at] : telling.reports) {
    TRY(database.run("INSERT OR REPLACE INTO report_runs(name, at) VALUES(?,?)",
                     {name, seconds_of(at)}));
  }
  return database.run(
      "DELETE FROM incidents WHERE closed <> 0 AND id <= (SELECT id FROM incidents"
      " WHERE closed <> 0 ORDER BY id DESC LIMIT 1 OFFSET ?)",
      {incidents_kept});
}

Status end_message(Database& database, std::int64_t id, Time at, const std::string& error) {
  TRY(
      database.run("UPDATE outbox SET state = ?, ended = ?, error = ?, attempts = attempts + 1"
                   " WHERE id = ? AND state = 'waiting'",
                   {error.empty() ? std::string_view("sent") : std::string_view("failed"),
                    seconds_of(at), error, id}));
  // The last one of each notifier tells how it goes there.
  return database.run(
      "DELETE FROM outbox WHERE state <> 'waiting' AND id <= (SELECT id FROM outbox"
      " WHERE state <> 'waiting' ORDER BY id DESC LIMIT 1 OFFSET ?)"
      " AND id NOT IN (SELECT max(id) FROM outbox WHERE state <> 'waiting' GROUP BY notifier)",
      {messages_kept});
}

Status put_off_message(Database& database, std::int64_t id, Time until, const std::string& error) {
  return database.run(
      "UPDATE outbox SET not_before = ?, error = ?, attempts = attempts + 1"
      " WHERE id = ? AND state = 'waiting'",
      {seconds_of(until), error, id});
}

}  // namespace homeostat
