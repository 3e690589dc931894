#include "reconciler/loop/pull_requests.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "providers/core/http_text.hpp"
#include "reconciler/forge/words.hpp"
#include "reconciler/ledger.hpp"
#include "reconciler/places.hpp"
#include "reconciler/reconcile.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

constexpr std::size_t longest_words = 120;  // of what somebody wrote, in characters

bool is_about(const Approval& question, const PullRequest& pull) {
  return question.pull_request == pull.number && question.plan == pull.head;
}

// Whether the ledger has these questions open, and no other ones.
bool asked_already(const std::vector<Approval>& open, const std::vector<PullRequest>& forks) {
  return open.size() == forks.size() && std::ranges::all_of(forks, [&](const PullRequest& pull) {
           return std::ranges::any_of(
               open, [&](const Approval& question) { return is_about(question, pull); });
         });
}

std::vector<Approval> open_questions(std::vector<Approval> approvals) {
  std::erase_if(approvals, [](const Approval& known) {
    return known.pull_request == 0 ||
           (known.state != Approval::State::waiting && known.state != Approval::State::approved);
  });
  return approvals;
}

// Said, or refused until somebody changes something.
bool is_settled(const Status& said) {
  return said || said.error().kind == ErrorKind::auth ||
         said.error().kind == ErrorKind::invalid_spec;
}

}  // namespace

Approval question_of(const PullRequest& pull) {
  Approval question{.plan = pull.head, .digest = pull.head, .pull_request = pull.number};
  question.reason = fmt::format("pull request {}, from a fork", pull.number);
  if (!pull.author.empty()) question.reason += ", by " + one_line(pull.author, longest_words);
  if (!pull.title.empty()) question.reason += ": " + one_line(pull.title, longest_words);
  question.reason = printable(question.reason) + "\n";
  return question;
}

// Git decides, not what a forge says of it: who can write to a branch of ours needs no approval.
Result<bool> PullRequests::is_own(const PullRequest& pull, bool& fetched,
                                  const std::stop_token& stop) {
  TRY_ASSIGN(bool own, mirror_.is_own(pull.head));
  if (own || pull.from_fork || fetched) return own;
  // It was pushed after the last fetch.
  TRY_ASSIGN(const std::string none, mirror_.fetch_beside("", stop));
  fetched = true;
  return mirror_.is_own(pull.head);
}

Result<std::vector<Approval>> PullRequests::ask(const std::vector<PullRequest>& forks) {
  TRY_ASSIGN(const Places places, find_places(settings_.site, settings_.ledger_path));
  {
    TRY_ASSIGN(const Ledger ledger, Ledger::open(places.ledger, false));
    TRY_ASSIGN(auto approvals, ledger.approvals());
    approvals = open_questions(std::move(approvals));
    if (asked_already(approvals, forks)) return approvals;
  }
  std::vector<Approval> wanted;
  wanted.reserve(forks.size());
  for (const PullRequest& pull : forks) wanted.push_back(question_of(pull));
  TRY_ASSIGN(Ledger ledger, Ledger::open(places.ledger, true));
  TRY_ASSIGN(auto open, ledger.ask_about_forks(wanted, now()));
  if (settings_.on_asked) settings_.on_asked();
  return open;
}

// What was approved, and nothing that has come behind it.
Status PullRequests::fetch(Forge& forge, const PullRequest& pull, const std::stop_token& stop) {
  if (mirror_.commit_of(pull.head)) return {};
  TRY_ASSIGN(const std::string tip, mirror_.fetch_beside(forge.head_ref(pull.number), stop));
  if (mirror_.commit_of(pull.head)) return {};
  return fail(ErrorKind::conflict, fmt::format("its tip is {} now", short_commit(tip)));
}

Status PullRequests::tell(Forge& forge, const PullRequest& pull, const std::stop_token& stop) {
  const std::string in_force = settings_.in_force();
  const auto known = told_.find(pull.number);
  const bool fresh = known == told_.end() || known->second.tip != pull.head;
  if (!fresh && known->second.in_force == in_force) return {};
  Status begun;
  if (fresh) {
    begun = forge.set_status(
        {.commit = pull.head, .state = CommitState::pending, .description = "looking at it"}, stop);
  }
  const RevisionPlan plan = settings_.plan_of(pull.head, stop);
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "the service is stopping");
  // A token that may do only one of the two does that, once.
  const Status commented = forge.comment(pull.number, plan.markdown, stop);
  Status told = begun;
  // A commit has room for so many statuses, and this one is told at each merge.
  if (told && (fresh || known->second.summary != plan.summary)) {
    told = forge.set_status({.commit = pull.head,
                             .state = plan.good ? CommitState::success : CommitState::failure,
                             .description = status_words(plan.summary)},
                            stop);
  }
  if (is_settled(told) && is_settled(commented)) {
    told_[pull.number] = {pull.head, in_force, plan.summary};
  }
  TRY(told);
  TRY(commented);
  spdlog::info("{}: pull request {}: {}", settings_.label, pull.number, printable(plan.summary));
  return {};
}

Status PullRequests::look(Forge& forge, const std::stop_token& stop) {
  TRY_ASSIGN(auto pulls, forge.open_pull_requests(stop));
  std::erase_if(pulls, [this](const PullRequest& pull) { return pull.ref != settings_.ref; });
  std::vector<PullRequest> due;
  std::vector<PullRequest> forks;
  Status first;
  bool fetched = false;
  const auto note = [&](const PullRequest& pull, Error error) {
    error.message = fmt::format("pull request {}: {}", pull.number, error.message);
    if (first) first = tl::unexpected(std::move(error));
  };
  for (const PullRequest& pull : pulls) {
    const auto own = is_own(pull, fetched, stop);
    if (!own) {
      note(pull, own.error());
    } else if (*own) {
      due.push_back(pull);
    } else if (pull.from_fork) {
      forks.push_back(pull);
    } else {
      note(pull, Error{ErrorKind::transient, "no branch has its commit yet", {}, {}, {}});
    }
  }
  TRY_ASSIGN(const auto questions, ask(forks));
  for (const PullRequest& pull : forks) {
    const bool approved = std::ranges::any_of(questions, [&](const Approval& question) {
      return is_about(question, pull) && question.state == Approval::State::approved;
    });
    if (!approved) continue;
    const Status there = fetch(forge, pull, stop);
    if (there) {
      due.push_back(pull);
    } else {
      note(pull, there.error());
    }
  }
  std::erase_if(told_, [&pulls](const auto& told) {
    return std::ranges::find(pulls, told.first, &PullRequest::number) == pulls.end();
  });
  for (const PullRequest& pull : due) {
    if (const Status done = tell(forge, pull, stop); !done) note(pull, done.error());
  }
  return first;
}

}  // namespace homeostat
