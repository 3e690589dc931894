// Carries messages from the ledger's outbox to the notifiers, each on a thread of its own: one that
// is slow or away keeps no other waiting, and not the loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "reconciler/loop/turn.hpp"
#include "reconciler/notify/notifier.hpp"

namespace homeostat {

class Courier {
 public:
  Courier();
  ~Courier();  // what is being sent is told to stop
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // The notifiers that take effect, from now on. One whose settings are the same goes on as it is.
  // Errors: those that could not be opened, by name.
  std::map<std::string, Error> set(const Turn& turn);
  void wake();  // there is something new in the outbox

 private:
  class Post;
  std::map<std::string, std::unique_ptr<Post>> posts_;
};

}  // namespace homeostat
