// Debian's Chromium without a window, spoken to by the DevTools protocol over a pair of pipes.
// Every wait ends after a minute; what goes wrong is thrown as std::runtime_error.
#pragma once

#include <sys/types.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/temp_repo.hpp"

namespace homeostat::test {

// A process with a profile of its own in a scratch folder; both go with the object.
class Browser {
 public:
  Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  ~Browser();

  // What the browser answers. `session`: of a page; "": of the browser itself.
  nlohmann::json call(const std::string& method, const nlohmann::json& parameters,
                      const std::string& session = {});
  // The next event of that name in the session; events before it are kept.
  nlohmann::json wait_for(const std::string& event, const std::string& session);
  // All of that name that have come so far.
  [[nodiscard]] std::vector<nlohmann::json> events(const std::string& name,
                                                   const std::string& session) const;

 private:
  nlohmann::json receive();
  void end();

  TempDir profile_;
  pid_t process_ = -1;
  int in_ = -1;
  int out_ = -1;
  int next_id_ = 1;
  std::string unread_;
  std::deque<nlohmann::json> events_;
};

// What a page is shown on.
struct Screen {
  int width = 390;
  int height = 844;
  bool phone = true;  // obeys the page's viewport, as phones do
  bool dark = false;
  bool paper = false;
};

class Page {
 public:
  // Loads it, and waits until it is there.
  Page(Browser& browser, const std::string& url, const Screen& screen);
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page();

  // The same page, not loaded again.
  void show_on(const Screen& screen);
  // The value of a JavaScript expression; a promise's, once it has one.
  nlohmann::json evaluate(const std::string& expression);
  // Of the page in its whole length; PNG in base64.
  std::string screenshot();
  std::string pdf();  // in base64
  // All that it asked for, itself included.
  [[nodiscard]] std::vector<std::string> requests() const;
  // What the browser had to complain about: refused styles, scripts, requests.
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  Browser& browser_;
  Screen screen_;
  std::string session_;
  std::string target_;
};

[[nodiscard]] std::string from_base64(const std::string& text);

}  // namespace homeostat::test
