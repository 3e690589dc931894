// What the verbs share. One file a verb; main.cpp puts them together.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "reconciler/reconcile.hpp"
#include "reconciler/report/report.hpp"

namespace CLI {
class App;
}

namespace homeostat::cli {

// Options that every verb takes.
struct Global {
  std::string directory;  // -C
  std::string folder;     // positional, relative to -C
  std::string rev;
  std::string path;
  std::string ledger;
  std::string log_format = "text";
  std::string color = "auto";
  int verbose = 0;
};
using Command = std::function<int()>;

// Each adds its subcommand and sets `command` when that was chosen.
void add_validate(CLI::App& app, Global& global, Command& command);
void add_plan(CLI::App& app, Global& global, Command& command);
void add_apply(CLI::App& app, Global& global, Command& command);
void add_drift(CLI::App& app, Global& global, Command& command);
void add_report(CLI::App& app, Global& global, Command& command);
void add_status(CLI::App& app, Global& global, Command& command);
void add_explain(CLI::App& app, Global& global, Command& command);
void add_get(CLI::App& app, Global& global, Command& command);
void add_history(CLI::App& app, Global& global, Command& command);
void add_undo(CLI::App& app, Global& global, Command& command);
void add_forget(CLI::App& app, Global& global, Command& command);
void add_unmanaged(CLI::App& app, Global& global, Command& command);
void add_adopt(CLI::App& app, Global& global, Command& command);
void add_confirm_ownership(CLI::App& app, Global& global, Command& command);
void add_trust(CLI::App& app, Global& global, Command& command);
void add_provider(CLI::App& app, Global& global, Command& command);
void add_providers(CLI::App& app, Global& global, Command& command);
void add_run(CLI::App& app, Global& global, Command& command);
void add_approve(CLI::App& app, Global& global, Command& command);
void add_suspend(CLI::App& app, Global& global, Command& command);
void add_resume(CLI::App& app, Global& global, Command& command);
void add_incidents(CLI::App& app, Global& global, Command& command);
void add_health(CLI::App& app, Global& global, Command& command);
void add_version(CLI::App& app, Global& global, Command& command);

struct VerbWords {
  std::string name;
  std::string brief;         // in the list of verbs: at most 50 columns
  std::string more;          // whole sentences, in the verb's own help
  std::string examples;      // each "  homeostat ...\n"
  std::string subject = {};  // what its first positional is called
};
// A subcommand with its words, `subject` as first positional where there is one, the repo as last.
CLI::App* add_verb(CLI::App& app, Global& global, const VerbWords& words,
                   std::string* subject = nullptr);
// --rev and --path
void add_revision_options(CLI::App& verb, Global& global);
// --only, --exclude
void add_filter_options(CLI::App& verb, PlanOptions& options);
// --adopt, --allow-destroy, --allow-deletes, --accept-empty
void add_consent_options(CLI::App& verb, PlanOptions& options);

[[nodiscard]] Request request_of(const Global& global);
[[nodiscard]] TextStyle style_of(const Global& global);
// Looks at everything and goes on with what it saw. What goes wrong is printed, and gives 1.
using UseRound = std::function<int(Round&)>;
int with_round(const Request& request, const UseRound& use);
// Alone with the site: under its lock, which says that `verb` holds it. Where another one does,
// that is printed, and gives 1.
int with_lock(const std::string& site, const Request& request, const std::string& verb,
              const std::function<int()>& use);
// The same as with_round for one that will write, alone: under the site's lock. `check` sees the
// spec before anything else is touched: a refused run makes no ledger and takes no lock.
int with_locked_round(Request request, const std::string& verb,
                      const std::function<Status(const Spec&)>& check, const UseRound& use);

struct CarryOut {
  bool yes = false;           // nobody is asked
  std::string question = {};  // "": how many changes, and whether to apply them
  bool by_service = false;
  std::function<Status()> before = {};  // the last thing before the first write
};
// Shows the round's plan, asks, applies it, looks again, and says what came of it.
int apply_round(const Global& global, Round& round, const CarryOut& how);

void print(const std::string& text);  // standard output, whole
// What a server said may be no UTF-8: such bytes come out as U+FFFD.
void print_json(const nlohmann::json& value);
[[nodiscard]] std::string json_text(const nlohmann::json& value, int indent = -1);
int print_errors(const Errors& errors);  // standard error; returns 1
int print_error(const Error& error);
void print_warning(const Error& warning);
// What the round could not know of the past: for who shows no plan, which has it too.
void print_notices(const Round& round);
// With -v: the calls that were made since the providers were opened.
void log_traffic(const Providers& providers);
void note(const std::string& text);  // one line on standard error, about this run
// Asks on the terminal; true only for the word "yes". Error where there is no terminal, and where
// we are stopped before somebody has answered.
[[nodiscard]] Result<bool> ask(const std::string& question);
// The one declared resource that people mean by `text`.
[[nodiscard]] Result<Address> find_address(const Desired& desired, const std::string& text);

// The live attributes of a declared resource, without what may be secret.
[[nodiscard]] Attributes live_to_show(const Round& round, const Address& address,
                                      const LiveResource& live);

// First SIGINT or SIGTERM: `stop`. Second: `cancel`. One object, made in main before any thread.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  [[nodiscard]] static std::stop_token stop();
  [[nodiscard]] static std::stop_token cancel();
};

// What goes to standard error from now on: `format` is text or json.
void set_up_log(const std::string& format, int verbose);

}  // namespace homeostat::cli
