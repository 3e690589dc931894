#include "reconciler/cli/cli.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <thread>

#include "reconciler/lookups.hpp"
#include "reconciler/redact.hpp"

namespace homeostat::cli {
namespace {

constexpr int glance_ms = 100;  // how often a question looks whether somebody stops us

// Shared by the signal thread and all verbs: a process has one set of signals.
struct StopState {
  std::stop_source stop;
  std::stop_source cancel;
  std::jthread waiter;
};
StopState& stop_state() {
  static StopState state;
  return state;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

int utc_offset_minutes() {
  const std::time_t at = std::time(nullptr);
  std::tm local{};
  localtime_r(&at, &local);
  return static_cast<int>(local.tm_gmtoff / 60);
}

}  // namespace

CLI::App* add_verb(CLI::App& app, Global& global, const VerbWords& words, std::string* subject) {
  CLI::App* verb = app.add_subcommand(words.name, words.brief);
  verb->footer(words.more + "\n\nExamples:\n" + words.examples +
               "\n-C, --ledger, --log-format, --color and -v: see `homeostat --help`.");
  verb->fallthrough();
  if (subject != nullptr) {
    verb->add_option(words.subject, *subject, "what it is about, as `plan` writes it")->required();
  }
  verb->add_option("repo", global.folder, "folder with homeostat.yaml (default: this one)");
  return verb;
}

void add_revision_options(CLI::App& verb, Global& global) {
  auto* revision = verb.add_option("--rev", global.rev,
                                   "read this commit, branch or tag instead of the work tree")
                       ->check([](const std::string& rev) {
                         // An unset variable of a script must not turn into the work tree.
                         return rev.empty()
                                    ? std::string("it is empty; leave it out to read the work tree")
                                    : std::string();
                       });
  verb.add_option("--path", global.path, "folder inside --rev's tree (bare repositories)")
      ->needs(revision);
}

void add_filter_options(CLI::App& verb, PlanOptions& options) {
  verb.add_option("--only", options.only, "only addresses that match this glob; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  verb.add_option("--exclude", options.exclude,
                  "not the addresses that match this glob; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
}

void add_consent_options(CLI::App& verb, PlanOptions& options) {
  verb.add_option("--adopt", options.adopt,
                  "take over what exists and differs, where the address matches; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  verb.add_option("--allow-destroy", options.allow_destroy,
                  "let this resource's data be destroyed; repeatable")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  verb.add_option("--allow-deletes", options.allow_deletes,
                  "let N deletes and replaces through, counted over all scopes with too many")
      ->check(CLI::NonNegativeNumber)  // -1 would be read as very many
      ->type_name("N");
  verb.add_option("--accept-empty", options.accept_empty,
                  "believe that this scope is empty (pve, dns/lab); repeatable")
      ->type_name("SCOPE")
      ->allow_extra_args(false);
}

Request request_of(const Global& global) {
  const std::filesystem::path base = global.directory.empty() ? "." : global.directory;
  Request request;
  request.folder = global.folder.empty() ? base.string() : (base / global.folder).string();
  request.rev = global.rev;
  request.path = global.path;
  request.ledger_path = global.ledger;
  return request;
}

TextStyle style_of(const Global& global) {
  const char* no_color = std::getenv("NO_COLOR");
  TextStyle style;
  style.color = global.color == "always" || (global.color == "auto" && isatty(STDOUT_FILENO) == 1 &&
                                             (no_color == nullptr || *no_color == '\0'));
  style.utc_offset_minutes = utc_offset_minutes();
  style.verbose = global.verbose > 0;
  return style;
}

int with_round(const Request& request, const UseRound& use) {
  auto looked = look(request, Signals::stop());
  if (!looked) return print_errors(looked.error());
  // Never taken apart: the process ends with its command, and of ten thousand resources that would
  // be a tenth of its time. Kept where a checker of leaks finds it.
  static std::vector<std::unique_ptr<Round>>& rounds = *new std::vector<std::unique_ptr<Round>>();
  Round& round = *rounds.emplace_back(std::make_unique<Round>(std::move(*looked)));
  log_traffic(round.providers);
  const int code = use(round);
  round.ledger.reset();  // files and connections are closed in order
  round.providers.clear();
  return code;
}

int with_lock(const std::string& site, const Request& request, const std::string& verb,
              const std::function<int()>& use) {
  const auto places = find_places(site, request.ledger_path);
  if (!places) return print_error(places.error());
  const auto lock = SiteLock::acquire(*places, site, "homeostat " + verb, now());
  return lock ? use() : print_error(lock.error());
}

int with_locked_round(Request request, const std::string& verb,
                      const std::function<Status(const Spec&)>& check, const UseRound& use) {
  request.record = true;
  request.locked = true;
  const auto spec = load(request);
  if (!spec) return print_errors(spec.error());
  if (const Status checked = check(*spec); !checked) return print_error(checked.error());
  return with_lock(spec->site, request, verb, [&] { return with_round(request, use); });
}

namespace {

// False: somebody stops us, and nobody has answered.
bool wait_for_line(const std::stop_token& stop) {
  pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  while (!stop.stop_requested()) {
    if (poll(&input, 1, glance_ms) > 0) return true;
  }
  return false;
}

}  // namespace

Result<bool> ask(const std::string& question) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
    return fail(ErrorKind::conflict, "nobody can be asked here: this is not a terminal",
                "say --yes to go on without a question");
  }
  print(question + " Only `yes` is taken: ");
  if (!wait_for_line(Signals::stop())) {
    print("\n");
    return fail(ErrorKind::cancelled, "stopped before there was an answer");
  }
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

Result<Address> find_address(const Desired& desired, const std::string& text) {
  TRY_ASSIGN(const Address wanted, parse_address(text));
  std::vector<const Address*> found;
  std::vector<std::string> known;
  std::string elsewhere;
  for (const auto& [address, resource] : desired) {
    if (address.kind != wanted.kind) continue;
    known.push_back(display(address, false, false));
    if (address.name != wanted.name) continue;
    if ((wanted.provider.empty() || wanted.provider == address.provider) &&
        (wanted.site.empty() || wanted.site == address.site)) {
      found.push_back(&address);
    } else {
      elsewhere = "there is " + display(address, true, !wanted.site.empty());
    }
  }
  if (found.size() == 1) return *found.front();
  if (found.empty()) {
    if (find_kind(wanted.kind) == nullptr) {
      for (const KindSchema& kind : kinds()) known.push_back(kind.name + "/" + wanted.name);
    }
    return fail(ErrorKind::not_found, "nothing is declared as " + text,
                elsewhere.empty() ? suggestion(text, known) : elsewhere);
  }
  return fail(ErrorKind::invalid_spec,
              text + " could be any of " + std::to_string(found.size()) + " resources",
              "write " + display(*found.front(), true, false));
}

Attributes live_to_show(const Round& round, const Address& address, const LiveResource& live) {
  const KnownSecrets known(round.secrets, round.memory, round.hash);
  const auto owned = round.memory.owned.find(address);
  return redact_live(live.attributes, &round.planned.desired.at(address),
                     owned == round.memory.owned.end() ? nullptr : &owned->second,
                     *find_kind(address.kind), extra_of(address, round.infos), known);
}

Signals::Signals() {
  StopState& state = stop_state();
  sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // inherited by every thread made later
  state.waiter = std::jthread([&state](const std::stop_token& done) {
    const sigset_t waited = stop_signals();
    while (true) {
      const int signal = sigwaitinfo(&waited, nullptr);
      if (done.stop_requested()) return;
      if (signal < 0) continue;
      if (state.stop.stop_requested()) {
        state.cancel.request_stop();
      } else {
        note("stopping: finishing what is in flight (once more to cancel it)");
        state.stop.request_stop();
      }
    }
  });
}

Signals::~Signals() {
  std::jthread& waiter = stop_state().waiter;
  if (!waiter.joinable()) return;
  waiter.request_stop();
  pthread_kill(waiter.native_handle(), SIGINT);  // one of stop_signals(): ends its wait
  waiter.join();
}

std::stop_token Signals::stop() { return stop_state().stop.get_token(); }
std::stop_token Signals::cancel() { return stop_state().cancel.get_token(); }

}  // namespace homeostat::cli
