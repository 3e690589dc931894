// What goes to standard output and standard error, in the form that was asked for.
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <iostream>

#include "reconciler/cli/cli.hpp"
#include "reconciler/names.hpp"
#include "reconciler/open_providers.hpp"

namespace homeostat::cli {
namespace {

using nlohmann::json;

constexpr const char* json_logger = "homeostat-json";

bool logs_json() { return spdlog::default_logger_raw()->name() == json_logger; }

// The message as a JSON string: it may hold anything.
class QuotedMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string text = json_text(std::string(message.payload.data(), message.payload.size()));
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<QuotedMessage>();
  }
};

void print_problem(const Error& error, const char* level) {
  json line = {{"level", level}, {"kind", name_of(error.kind)}, {"message", error.message}};
  if (!error.hint.empty()) line["hint"] = error.hint;
  if (!error.where.file.empty()) line["file"] = error.where.file;
  if (error.where.line > 0) line["line"] = error.where.line;
  if (error.where.column > 0) line["column"] = error.where.column;
  std::cerr << json_text(line) << '\n';
}

}  // namespace

void set_up_log(const std::string& format, int verbose) {
  std::shared_ptr<spdlog::logger> log;
  if (format == "json") {
    log = spdlog::stderr_logger_mt(json_logger);
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<QuotedMessage>('Q').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%Q})");
    log->set_formatter(std::move(formatter));
  } else {
    log = spdlog::stderr_logger_mt("homeostat");
    log->set_pattern("%H:%M:%S %l %v");
  }
  log->set_level(verbose > 1    ? spdlog::level::trace
                 : verbose == 1 ? spdlog::level::debug
                                : spdlog::level::info);
  spdlog::set_default_logger(std::move(log));
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string json_text(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

void print_json(const json& value) { print(json_text(value, 2) + "\n"); }

int print_errors(const Errors& errors) {
  for (const Error& error : errors) {
    if (logs_json()) {
      print_problem(error, "error");
    } else {
      std::cerr << render(error);
    }
  }
  if (errors.size() > 1 && !logs_json()) std::cerr << errors.size() << " errors\n";
  return 1;
}

int print_error(const Error& error) { return print_errors({error}); }

void print_warning(const Error& warning) {
  if (logs_json()) return print_problem(warning, "warning");
  Error shown = warning;
  shown.message = "warning: " + shown.message;
  std::cerr << render(shown);
}

void print_notices(const Round& round) {
  for (const Error& notice : round.notices) print_warning(notice);
}

void log_traffic(const Providers& providers) {
  for (const auto& [name, calls] : traffic(providers)) {
    spdlog::debug("provider={} traffic=\"{}\"", name, calls);
  }
}

void note(const std::string& text) {
  if (logs_json()) {
    spdlog::warn("{}", text);
  } else {
    std::cerr << text << '\n';
  }
}

}  // namespace homeostat::cli
