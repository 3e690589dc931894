#include "reconciler/loop/head.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/private_file.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

std::string note_path(const std::string& mirror) { return mirror + ".good"; }

}  // namespace

Head::Head(HeadSettings settings)
    : settings_(std::move(settings)), mirror_(settings_.mirror, settings_.remote) {}

Request Head::request(const std::string& rev) const {
  Request request;
  request.folder = mirror_.repository();
  request.rev = rev;
  request.path = settings_.path;
  request.ledger_path = settings_.ledger_path;
  return request;
}

void Head::remember(Time now) {
  const auto known = read_private_file(note_path(settings_.mirror), "the last good commit", 1024);
  if (!known || !*known) return;
  std::string commit = **known;
  while (!commit.empty() && commit.back() == '\n') commit.pop_back();
  auto spec = load(request(commit));
  if (!spec) return;  // the mirror was lost: the remote is asked soon
  if (!settings_.site.empty() && spec->site != settings_.site) return;  // the path is another one
  good_ = Taken{commit, std::move(*spec), now};
  // Where signatures are asked for, they may not have been when it was taken: it is looked at
  // again.
  if (!settings_.signers) tried_ = commit;
}

bool Head::follow(const std::stop_token& stop, Time now) {
  const auto fetched = mirror_.fetch(stop);
  if (!fetched) {
    if (fetched.error().kind == ErrorKind::cancelled) return false;
    blame(TroubleKind::remote, error_words(fetched.error()), "", now);
    return false;
  }
  clear(TroubleKind::remote);
  if (fetched->cloned_anew) {
    notes_.push_back("the mirror was cloned anew: " + fetched->why);
  }
  if (fetched->commit == tried_) return false;
  if (fetched->moved && good_) {
    notes_.push_back(fmt::format("the history was rewritten: {} does not follow {}",
                                 short_commit(fetched->commit), short_commit(good_->commit)));
  }
  take(fetched->commit, now, stop);
  return true;
}

void Head::take(const std::string& commit, Time now, const std::stop_token& stop) {
  // Until its signature is checked it counts as not looked at: what is missing may be put right
  // here (a key among the signers, a program), and no commit comes of that.
  tried_.clear();
  candidate_.reset();
  unplanned_ = false;
  if (settings_.signers) {
    const auto signer =
        follow::verify_commit(mirror_.repository(), commit, *settings_.signers, stop);
    if (!signer && signer.error().kind == ErrorKind::cancelled) return;
    if (!signer) return refuse(commit, error_words(signer.error()), "", now);
  }
  tried_ = commit;
  if (good_ && good_->commit == commit && refused_ != commit) {
    refused_.clear();
    return clear(TroubleKind::commit);
  }
  auto spec = load(request(commit));
  if (!spec) {
    return refuse(commit, warning_words(spec.error().front()), warning_lines(spec.error()), now);
  }
  if (!settings_.site.empty() && spec->site != settings_.site) {
    return refuse(commit,
                  fmt::format("it is about site {}, and this is {}", spec->site, settings_.site),
                  "", now);
  }
  candidate_ = Taken{commit, std::move(*spec), now};
}

void Head::accept() {
  if (!candidate_) return;
  good_ = std::move(*candidate_);
  candidate_.reset();
  refused_.clear();
  clear(TroubleKind::commit);
  const Status kept =
      write_private_file(note_path(settings_.mirror), "the last good commit", good_->commit + "\n");
  if (!kept) notes_.push_back(error_words(kept.error()));
}

void Head::refuse(const Errors& why, Time now) {
  if (!candidate_) return;
  const std::string commit = candidate_->commit;
  candidate_.reset();
  unplanned_ = true;
  refuse(commit, warning_words(why.front()), warning_lines(why), now);
}

void Head::reconsider(const std::stop_token& stop, Time now) {
  if (!unplanned_) return;
  const std::string commit = refused_;
  take(commit, now, stop);
}

void Head::refuse(const std::string& commit, const std::string& why, const std::string& details,
                  Time now) {
  refused_ = commit;
  blame(TroubleKind::commit, fmt::format("commit {}: {}", short_commit(commit), why), details, now);
}

void Head::blame(TroubleKind kind, std::string title, std::string details, Time now) {
  const auto known = std::ranges::find(troubles_, kind, &Trouble::kind);
  Trouble trouble{.kind = kind,
                  .key = kind == TroubleKind::remote ? "remote" : "commit",
                  .title = std::move(title),
                  .details = std::move(details),
                  .since = known == troubles_.end() ? now : known->since};
  clear(kind);
  troubles_.push_back(std::move(trouble));
}

void Head::clear(TroubleKind kind) {
  std::erase_if(troubles_, [kind](const Trouble& trouble) { return trouble.kind == kind; });
}

}  // namespace homeostat
