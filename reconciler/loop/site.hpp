// One site in the loop's care: git is followed, the plan is made and carried out as far as its
// rules let it, and what is wrong is told. It runs on a thread of its own; what others ask of it
// goes through a lock.
#pragma once

#include <spdlog/common.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "reconciler/forge/webhook.hpp"
#include "reconciler/loop/courier.hpp"
#include "reconciler/loop/head.hpp"
#include "reconciler/loop/herald.hpp"
#include "reconciler/loop/pull_requests.hpp"
#include "reconciler/loop/turn.hpp"
#include "reconciler/serve/server.hpp"
#include "reconciler/serve/status.hpp"

namespace homeostat {

struct SiteSettings {
  HeadSettings head;
  std::string label;                   // for messages, before the spec has said its name
  std::chrono::seconds poll{60};       // how often the remote is asked
  std::chrono::seconds interval{900};  // a full look
  std::optional<WebhookSettings> webhook = std::nullopt;
  std::optional<ForgeSettings> forge = std::nullopt;
  std::string certificate_file = {};  // the service's own, where this site tells when it ends
};

class Site {
 public:
  explicit Site(SiteSettings settings);

  // Until `stop`; what is in flight then is finished, or ended by `cancel`.
  void run(const std::stop_token& stop, const std::stop_token& cancel);

  // From any thread.
  void wake();        // the remote may have moved
  void look_again();  // somebody approved, resumed, ...
  [[nodiscard]] SiteStatus status() const;
  [[nodiscard]] std::vector<ResourceRow> rows() const;
  // When the loop last moved: one that stands still is ill.
  [[nodiscard]] Time moved() const { return moved_; }
  // What `plan` shows of a revision that the mirror has ("": the commit in force), with the site's
  // ledger. Reads only. `conflict`: only a fork has it, and nobody has approved it.
  [[nodiscard]] tl::expected<Round, Errors> plan(const std::string& rev, const PlanOptions& options,
                                                 const std::stop_token& stop) const;
  // The ledger, for reading; nullopt: the site is not known yet.
  [[nodiscard]] Result<std::optional<Ledger>> memory() const;
  [[nodiscard]] const std::string& label() const { return settings_.label; }
  // A genuine one wakes the loop; that of a pull request, to look at those that are open too.
  [[nodiscard]] ServeReply webhook(const ServeRequest& request);

 private:
  [[nodiscard]] Status check_revision(std::string& rev, const std::string& good) const;
  [[nodiscard]] RevisionPlan plan_for_readers(const std::string& rev,
                                              const std::stop_token& stop) const;
  [[nodiscard]] PullRequestSettings pull_request_settings();
  [[nodiscard]] Time next_turn() const;
  void follow(const std::stop_token& stop);
  void turn(const std::stop_token& stop, const std::stop_token& cancel);
  [[nodiscard]] tl::expected<Turn, Errors> try_turn(const std::string& commit,
                                                    std::optional<std::set<Scope>> scopes,
                                                    const std::stop_token& stop,
                                                    const std::stop_token& cancel);
  [[nodiscard]] tl::expected<Turn, Errors> turn_without(const Errors& why,
                                                        const std::stop_token& stop,
                                                        const std::stop_token& cancel);
  void settle_turn(Turn turn, bool full);
  void tell_forge_refused();
  void tell_forge_done(const std::string& commit);
  void cannot(const Errors& why);
  void slow_down();
  void open_notifiers();
  void tell();
  void report();
  void publish(bool turn_ended);
  void say_refused(const std::string& why);
  bool asked_from_outside();
  bool was_set_back();
  void wait(const std::stop_token& stop);
  void beat() { moved_ = now(); }
  void say(const std::string& text, spdlog::level::level_enum level = spdlog::level::info) const;

  const SiteSettings settings_;
  Head head_;
  Courier courier_;
  std::optional<WebhookGate> gate_;
  std::string ledger_;             // its path, once it is known; guarded by mutex_
  std::optional<Turn> last_;       // the last turn that could be taken
  std::optional<Trouble> ill_;     // why none can
  std::vector<Trouble> unopened_;  // notifiers that are no use
  std::string untold_;             // why the ledger did not take what was to be told; "": it did
  std::chrono::steady_clock::time_point begun_ = {};  // the last turn
  Time next_poll_ = {}, next_report_ = {};
  Time next_look_ = {};            // a full one
  Time next_try_ = {};             // of a new commit
  Time latest_ = {};               // what the clock said last
  std::chrono::seconds pause_{0};  // before what failed is tried again
  bool pulls_due_ = false;         // pull requests are to be looked at
  bool told_busy_ = false;
  std::string told_summary_;
  std::string told_refused_;
  bool told_failed_ = false;  // the forge was told so of the commit in force
  const std::filesystem::file_time_type started_ = std::filesystem::file_time_type::clock::now();
  std::filesystem::file_time_type woken_at_ = {};

  mutable std::mutex mutex_;
  std::condition_variable_any moved_on_;
  bool wake_ = false, again_ = false;  // guarded by mutex_, as what follows is
  bool pulls_moved_ = false;           // a webhook said so
  std::size_t webhooks_refused_ = 0;   // since one was said
  Time next_refusal_said_ = {};
  bool asked_ = false;  // a question about one was put, or went
  SiteStatus status_;
  std::vector<ResourceRow> rows_;
  std::atomic<Time> moved_ = now();
  PullRequests pulls_;  // of the herald's thread
  Herald herald_;       // last: its thread asks for plans
};

}  // namespace homeostat
