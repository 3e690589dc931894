#include "tests/support/browser.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>

namespace homeostat::test {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(60);
constexpr const char* program = "/usr/bin/chromium";

std::runtime_error broken(const std::string& what) {
  return std::runtime_error("the browser: " + what);
}

std::vector<std::string> command_line(const std::string& profile) {
  std::vector<std::string> words = {program, "--headless", "--remote-debugging-pipe",
                                    "--user-data-dir=" + profile, "--disable-gpu",
                                    "--disable-dev-shm-usage", "--disable-background-networking",
                                    "--disable-component-update", "--disable-crash-reporter",
                                    "--disable-extensions", "--disable-sync", "--no-first-run",
                                    "--no-pings", "--hide-scrollbars", "--force-color-profile=srgb",
                                    // Whatever it wants from the world, it does not find it.
                                    "--host-resolver-rules=MAP * ~NOTFOUND"};
  if (geteuid() == 0) words.emplace_back("--no-sandbox");  // it refuses root otherwise
  return words;
}

// In the child, between fork and exec: it reads its orders from 3, and answers on 4.
[[noreturn]] void become(std::vector<std::string>& words, int orders, int answers) {
  setsid();  // a group of its own, so that all of it can be ended
  const int devnull = open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(devnull, standard);
  // By way of high numbers: one of the two may have the other's place.
  const int from = fcntl(orders, F_DUPFD, 10);
  const int to = fcntl(answers, F_DUPFD, 10);
  dup2(from, 3);
  dup2(to, 4);
  close(from);
  close(to);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(program, arguments.data());
  _exit(127);
}

}  // namespace

Browser::Browser() {
  if (access(program, X_OK) != 0) throw broken("Debian's package chromium is not installed");
  std::array<int, 2> orders{};
  std::array<int, 2> answers{};
  if (pipe2(orders.data(), O_CLOEXEC) != 0 || pipe2(answers.data(), O_CLOEXEC) != 0) {
    throw broken("no pipe");
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> words = command_line(profile_.path());
  process_ = fork();
  if (process_ == 0) become(words, orders[0], answers[1]);
  close(orders[0]);
  close(answers[1]);
  in_ = answers[0];
  out_ = orders[1];
  if (process_ < 0) throw broken("no process");
  try {
    call("Browser.getVersion", json::object());
  } catch (...) {
    end();
    throw;
  }
}

Browser::~Browser() { end(); }

void Browser::end() {
  if (process_ > 0) {
    kill(-process_, SIGKILL);
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
  }
  for (int* end : {&in_, &out_}) {
    if (*end >= 0) close(*end);
    *end = -1;
  }
}

// Messages end with a zero byte.
json Browser::receive() {
  const auto deadline = Clock::now() + patience;
  while (true) {
    const std::size_t end = unread_.find('\0');
    if (end != std::string::npos) {
      const std::string text = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return json::parse(text);
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waited{in_, POLLIN, 0};
    if (left <= 0 || poll(&waited, 1, static_cast<int>(left)) <= 0) throw broken("no answer");
    std::array<char, 65536> bytes{};
    const ssize_t count = read(in_, bytes.data(), bytes.size());
    if (count <= 0) throw broken("it has ended");
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

json Browser::call(const std::string& method, const json& parameters, const std::string& session) {
  const int id = next_id_++;
  json message = {{"id", id}, {"method", method}, {"params", parameters}};
  if (!session.empty()) message["sessionId"] = session;
  const std::string text = message.dump();
  // With its zero byte. Orders are small: they fit into the pipe.
  const auto size = static_cast<ssize_t>(text.size() + 1);
  for (ssize_t done = 0; done < size;) {
    const ssize_t count = write(out_, text.c_str() + done, static_cast<std::size_t>(size - done));
    if (count <= 0) throw broken("it takes no orders");
    done += count;
  }
  while (true) {
    json answer = receive();
    if (answer.value("id", 0) != id) {
      if (answer.contains("method")) events_.push_back(std::move(answer));
      continue;
    }
    if (answer.contains("error")) throw broken(method + ": " + answer["error"].dump());
    return answer["result"];
  }
}

json Browser::wait_for(const std::string& event, const std::string& session) {
  while (true) {
    const std::vector<json> come = events(event, session);
    if (!come.empty()) return come.front();
    json next = receive();
    if (next.contains("method")) events_.push_back(std::move(next));
  }
}

std::vector<json> Browser::events(const std::string& name, const std::string& session) const {
  std::vector<json> out;
  for (const json& event : events_) {
    if (event["method"] == name && event.value("sessionId", "") == session) {
      out.push_back(event["params"]);
    }
  }
  return out;
}

Page::Page(Browser& browser, const std::string& url, const Screen& screen) : browser_(browser) {
  const json target = browser_.call("Target.createTarget", {{"url", "about:blank"}});
  const json attached =
      browser_.call("Target.attachToTarget", {{"targetId", target["targetId"]}, {"flatten", true}});
  session_ = attached["sessionId"].get<std::string>();
  target_ = target["targetId"].get<std::string>();
  for (const char* domain : {"Page.enable", "Network.enable", "Log.enable", "Runtime.enable"}) {
    browser_.call(domain, json::object(), session_);
  }
  show_on(screen);
  if (url.empty()) return;
  const json gone = browser_.call("Page.navigate", {{"url", url}}, session_);
  if (gone.contains("errorText")) throw broken(url + ": " + gone["errorText"].dump());
  browser_.wait_for("Page.loadEventFired", session_);
}

void Page::show_on(const Screen& screen) {
  screen_ = screen;
  browser_.call("Emulation.setDeviceMetricsOverride",
                {{"width", screen.width},
                 {"height", screen.height},
                 {"screenWidth", screen.width},
                 {"screenHeight", screen.height},
                 {"deviceScaleFactor", 1},
                 {"mobile", screen.phone}},
                session_);
  const json scheme = {{"name", "prefers-color-scheme"}, {"value", screen.dark ? "dark" : "light"}};
  browser_.call("Emulation.setEmulatedMedia",
                {{"media", screen.paper ? "print" : "screen"}, {"features", {scheme}}}, session_);
}

Page::~Page() {
  try {
    browser_.call("Target.closeTarget", {{"targetId", target_}});
  } catch (const std::exception&) {
    // The browser is gone, and the page with it: whoever asks it next is told.
  }
}

json Page::evaluate(const std::string& expression) {
  const json answer = browser_.call(
      "Runtime.evaluate",
      {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", true}}, session_);
  if (answer.contains("exceptionDetails")) {
    throw broken("in the page: " + answer["exceptionDetails"].dump());
  }
  return answer["result"].value("value", json());
}

std::string Page::screenshot() {
  const json height = evaluate("Math.ceil(document.documentElement.scrollHeight)");
  const json clip = {
      {"x", 0}, {"y", 0}, {"width", screen_.width}, {"height", height}, {"scale", 1}};
  return browser_
      .call("Page.captureScreenshot",
            {{"format", "png"}, {"captureBeyondViewport", true}, {"clip", clip}}, session_)["data"]
      .get<std::string>();
}

std::string Page::pdf() {
  return browser_
      .call("Page.printToPDF", {{"preferCSSPageSize", true}, {"printBackground", true}},
            session_)["data"]
      .get<std::string>();
}

std::vector<std::string> Page::requests() const {
  std::vector<std::string> out;
  for (const json& event : browser_.events("Network.requestWillBeSent", session_)) {
    out.push_back(event["request"]["url"].get<std::string>());
  }
  return out;
}

std::vector<std::string> Page::complaints() const {
  std::vector<std::string> out;
  for (const json& event : browser_.events("Log.entryAdded", session_)) {
    out.push_back(event["entry"]["text"].get<std::string>());
  }
  return out;
}

std::string from_base64(const std::string& text) {
  std::string out(text.size() / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) out.pop_back();
  return out;
}

}  // namespace homeostat::test
