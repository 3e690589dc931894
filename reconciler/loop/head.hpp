// What git says now, and the last commit that is fit to be applied. A bad commit, a remote that is
// away, a branch that is gone: all of them leave the last good one in force.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "reconciler/follow/mirror.hpp"
#include "reconciler/follow/signature.hpp"
#include "reconciler/incidents.hpp"
#include "reconciler/reconcile.hpp"

namespace homeostat {

struct HeadSettings {
  std::string site;  // what the spec must call itself; "": anything
  follow::Remote remote;
  std::string mirror;  // its folder; beside it lies what the last good commit was
  std::string path;    // of the spec inside the tree
  std::string ledger_path;
  std::optional<follow::Signers> signers;  // whose commits count; nullopt: everybody's
};

// For one thread.
class Head {
 public:
  explicit Head(HeadSettings settings);

  // What was good when the process ended last, if it still reads. Asks nobody.
  void remember(Time now);
  // Asks the remote. True: there is something to be planned, or one more commit that is refused.
  bool follow(const std::stop_token& stop, Time now);

  struct Taken {
    std::string commit;
    Spec spec;
    Time since = {};
  };
  // The last good commit: it was looked at, and planned without an error.
  [[nodiscard]] const std::optional<Taken>& good() const { return good_; }
  // A newer one that reads well; whoever plans it says whether it is good.
  [[nodiscard]] const std::optional<Taken>& candidate() const { return candidate_; }
  void accept();
  void refuse(const Errors& why, Time now);
  // A commit that reads well and could not be planned is a candidate once more: an address may be
  // free by now, a server may say something else.
  void reconsider(const std::stop_token& stop, Time now);
  // The commit that the remote has and that is not good; "" where it is.
  [[nodiscard]] const std::string& refused() const { return refused_; }
  [[nodiscard]] const std::vector<Trouble>& troubles() const { return troubles_; }
  // Said once: "the mirror was cloned anew: ..."
  [[nodiscard]] std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

  // To read this commit, for looking and for applying.
  [[nodiscard]] Request request(const std::string& rev) const;
  [[nodiscard]] const follow::Mirror& mirror() const { return mirror_; }

 private:
  void take(const std::string& commit, Time now, const std::stop_token& stop);
  void refuse(const std::string& commit, const std::string& why, const std::string& details,
              Time now);
  void blame(TroubleKind kind, std::string title, std::string details, Time now);
  void clear(TroubleKind kind);

  HeadSettings settings_;
  follow::Mirror mirror_;
  std::optional<Taken> good_;
  std::optional<Taken> candidate_;
  std::string tried_;  // the last commit that was judged for good
  std::string refused_;
  bool unplanned_ = false;  // it reads well, and was refused when it was planned
  std::vector<Trouble> troubles_;
  std::vector<std::string> notes_;
};

}  // namespace homeostat
