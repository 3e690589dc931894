// Shows which connections of a repo are new or changed on this machine, and records what somebody
// says yes to.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>

#include "reconciler/cli/loop_verbs.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

struct TrustFlags {
  bool yes = false;
  bool list = false;
  std::vector<std::string> only;
  std::vector<std::string> forget;
};

// All that `trust` goes by.
struct Desk {
  Spec spec;
  Places places;
  LedgerView memory;
  TrustRecords records;
  MachineRules rules;
  std::vector<Connection> connections;
};

tl::expected<Desk, Errors> open_desk(const Request& request) {
  Desk desk;
  auto spec = load(request);
  if (!spec) return tl::unexpected(std::move(spec).error());
  desk.spec = std::move(*spec);
  const auto read = [&]() -> Status {
    TRY_ASSIGN(desk.places, find_places(desk.spec.site, request.ledger_path));
    TRY_ASSIGN(const Ledger ledger, Ledger::open(desk.places.ledger, false));
    TRY_ASSIGN(desk.memory, ledger.view());
    TRY_ASSIGN(desk.records, load_trust(desk.places.trust));
    return {};
  };
  if (const Status done = read(); !done) return tl::unexpected(Errors{done.error()});
  auto rules = load_machine_file();
  if (!rules) return tl::unexpected(std::move(rules).error());
  desk.rules = std::move(*rules);
  desk.connections = connections_of(desk.spec);
  return desk;
}

// What is not known now is what it was when it was trusted.
nlohmann::json resolved_now(const Desk& desk, const Connection& connection) {
  nlohmann::json resolved = resolved_settings(desk.spec, desk.memory, connection.name);
  const auto record = desk.records.find(connection.name);
  if (record == desk.records.end() || !covers(record->second, connection)) return resolved;
  for (auto& [pointer, value] : resolved.items()) {
    if (value.is_null()) value = record->second.resolved.value(pointer, nlohmann::json());
  }
  return resolved;
}

enum class State : std::uint8_t { same, fresh, changed, moved, refused };

struct Judged {
  const Connection* connection = nullptr;
  State state = State::same;
  nlohmann::json resolved;
  std::string why;  // refused
};

Judged judge_one(const Desk& desk, const Connection& connection) {
  Judged judged{&connection, State::same, resolved_now(desk, connection), {}};
  judged.why = refusal(desk.spec.site, connection, desk.rules);
  const auto record = desk.records.find(connection.name);
  const bool refers = !judged.resolved.empty();
  if (!judged.why.empty()) {
    judged.state = State::refused;
  } else if (record == desk.records.end()) {
    // A pin is trust enough, but says nothing of where a reference leads.
    const bool pinned = desk.rules.pin_of(desk.spec.site, connection.name) != nullptr;
    judged.state = pinned && !refers ? State::same : State::fresh;
  } else if (!covers(record->second, connection)) {
    judged.state = State::changed;
  } else if (record->second.resolved != judged.resolved) {
    judged.state = State::moved;
  }
  return judged;
}

std::string words(const nlohmann::json& value) { return printable(value_words(value)); }

std::string detail(const std::string& text) { return "           " + text + "\n"; }

std::string moved_text(const nlohmann::json& before, const nlohmann::json& now) {
  std::string text;
  for (const ConnectionField& field : differences(before, now)) {
    text += detail(fmt::format("{}: {} -> {}", field.name.substr(1), words(field.trusted),
                               words(field.wanted)));
  }
  return text;
}

// A hash says which program is run, not what stands in it.
std::string files_of_repo(const Desk& desk, const Connection& connection) {
  std::string text;
  const auto words_of = connection.text.find("command");
  if (words_of == connection.text.end() || !words_of->is_array()) return text;
  for (const nlohmann::json& word : *words_of) {
    const std::filesystem::path path = word.get<std::string>();
    std::error_code code;
    const bool file = !path.empty() && path.is_relative() &&
                      std::filesystem::is_regular_file(desk.spec.folder / path, code);
    if (!file) continue;
    text += detail("uses " + printable(path.string()) + " of this repo, which a push can change");
  }
  return text;
}

std::string describe(const Desk& desk, const Judged& judged) {
  static constexpr std::array names = {"trusted", "new", "changed", "moved", "refused"};
  const Connection& connection = *judged.connection;
  std::string text =
      fmt::format("{:<8} {}   {}\n", names.at(static_cast<std::size_t>(judged.state)),
                  printable(connection.name),
                  printable(to_string(source_ref(connection.where, desk.spec.files))));
  const auto record = desk.records.find(connection.name);
  if (judged.state == State::moved) {
    return text + moved_text(record->second.resolved, judged.resolved);
  }
  const bool changed = judged.state == State::changed;
  for (const ConnectionField& field :
       differences(changed ? record->second.text : nlohmann::json(), connection.text)) {
    text += detail(changed ? fmt::format("{}: {} -> {}", printable(field.name),
                                         words(field.trusted), words(field.wanted))
                           : printable(field.name) + ": " + words(field.wanted));
  }
  for (const auto& [pointer, value] : judged.resolved.items()) {
    text +=
        detail(value.is_null() ? printable(pointer.substr(1)) + " cannot be known before an apply"
                               : printable(pointer.substr(1)) + " is now: " + words(value));
  }
  text += files_of_repo(desk, connection) + detail(connection.hash);
  return judged.why.empty() ? text : text + detail(judged.why);
}

std::string when(Time at, const TextStyle& style) {
  return fmt::format("{:%Y-%m-%d %H:%M}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         at + std::chrono::minutes(style.utc_offset_minutes))));
}

int list(const Global& global, const Desk& desk) {
  const TextStyle style = style_of(global);
  std::map<std::string, std::string> lines;
  for (const auto& [name, record] : desk.records) {
    lines[name] =
        fmt::format("{}  since {}, not in this revision", record.hash, when(record.at, style));
  }
  for (const Connection& connection : desk.connections) {
    const auto record = desk.records.find(connection.name);
    const std::string since =
        record == desk.records.end() ? "" : "  since " + when(record->second.at, style);
    switch (const Judged judged = judge_one(desk, connection); judged.state) {
      case State::same:
      case State::moved:
        lines[connection.name] =
            connection.hash + (since.empty() ? "  pinned by " + desk.rules.path : since);
        break;
      case State::fresh:
        lines[connection.name] = "not trusted: homeostat trust";
        break;
      case State::changed:
        lines[connection.name] = record->second.hash + since + ", changed since: homeostat trust";
        break;
      case State::refused:
        lines[connection.name] = judged.why;
        break;
    }
  }
  for (const auto& [name, line] : lines) print(printable(name) + "  " + printable(line) + "\n");
  if (lines.empty()) print("nothing here needs trust\n");
  return 0;
}

int forget(const Desk& desk, const std::vector<std::string>& names) {
  const Status saved = change_trust(desk.places.trust, [&names](TrustRecords& records) -> Status {
    for (const std::string& name : names) {
      if (records.erase(name) != 0) continue;
      std::vector<std::string> known;
      for (const auto& [each, record] : records) known.push_back(each);
      return fail(ErrorKind::not_found, "nothing is trusted as " + name, suggestion(name, known));
    }
    return {};
  });
  if (!saved) return print_error(saved.error());
  wake_loop(desk.places);
  for (const std::string& name : names) print(name + " is no longer trusted on this machine\n");
  return 0;
}

Status check_names(const Desk& desk, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const Connection& connection : desk.connections) known.push_back(connection.name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return fail(ErrorKind::not_found, "this repo has no connection " + name,
                suggestion(name, known));
  }
  return {};
}

int record(const Desk& desk, const TrustFlags& flags) {
  if (const Status known = check_names(desk, flags.only); !known) {
    return print_error(known.error());
  }
  if (desk.connections.empty()) {
    print("nothing here needs trust\n");
    return 0;
  }
  TrustRecords said_yes_to;
  std::size_t count = 0;
  std::size_t refused = 0;
  for (const Connection& connection : desk.connections) {
    const bool wanted =
        flags.only.empty() || std::ranges::find(flags.only, connection.name) != flags.only.end();
    const Judged judged = judge_one(desk, connection);
    if (!wanted || judged.state == State::same) continue;
    print(describe(desk, judged));
    ++(judged.state == State::refused ? refused : count);
    if (judged.state == State::refused) continue;
    said_yes_to[connection.name] = {connection.hash, connection.text, judged.resolved, now()};
  }
  if (count == 0) {
    print(refused == 0 ? "nothing to trust: " + counted(desk.connections.size(), "connection") +
                             " known on this machine\n"
                       : counted(refused, "connection") + " refused, nothing to trust\n");
    return refused == 0 ? 0 : 2;
  }
  if (!flags.yes) {
    const auto answer = ask("\nTrust " + counted(count, "connection") + " on this machine?");
    if (!answer) return print_error(answer.error());
    if (!*answer) {
      print("nothing was recorded\n");
      return 2;
    }
  }
  // Whatever somebody else has recorded since the question was asked stays.
  const Status saved = change_trust(desk.places.trust, [&said_yes_to](TrustRecords& records) {
    for (const auto& [name, yes] : said_yes_to) records[name] = yes;
    return Status();
  });
  if (!saved) return print_error(saved.error());
  wake_loop(desk.places);
  print(counted(count, "connection") + " trusted on this machine\n");
  return refused == 0 ? 0 : 2;
}

int trust(const Global& global, const TrustFlags& flags) {
  auto desk = open_desk(request_of(global));
  if (!desk) return print_errors(desk.error());
  if (flags.list) return list(global, *desk);
  if (!flags.forget.empty()) return forget(*desk, flags.forget);
  return record(*desk, flags);
}

}  // namespace

void add_trust(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb =
      add_verb(app, global,
               {.name = "trust",
                .brief = "Say which connections may take effect here.",
                .more = "Shows what this repo wants to run, read, or send secrets and messages\n"
                        "to on this machine, as far as that is new or changed, and records a\n"
                        "yes.",
                .examples = "  homeostat trust\n"
                            "  homeostat trust --list\n"
                            "  homeostat trust --forget provider/pve\n"});
  auto flags = std::make_shared<TrustFlags>();
  add_revision_options(*verb, global);
  verb->add_flag("-y,--yes", flags->yes, "do not ask");
  verb->add_option("--only", flags->only, "only this connection (provider/pve); repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  auto* list_flag = verb->add_flag("--list", flags->list, "what is trusted, and since when");
  verb->add_option("--forget", flags->forget, "trust this connection no longer; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->excludes(list_flag);
  verb->callback(
      [&global, &command, flags] { command = [&global, flags] { return trust(global, *flags); }; });
}

}  // namespace homeostat::cli
