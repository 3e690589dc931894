// A program of the user's, with the message as JSON on its standard input.
#include <sysexits.h>

#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"
#include "reconciler/run_command.hpp"

namespace homeostat {
namespace {

constexpr std::size_t output_limit = std::size_t{64} << 10U;

class Exec final : public Notifier {
 public:
  explicit Exec(Command command) : command_(std::move(command)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    Command command = command_;
    command.input = dump(to_json(message)) + "\n";
    const Result<CommandResult> result = run_command(command, stop);
    Delivery delivery;
    if (!result) {
      const bool may_pass = result.error().kind == ErrorKind::transient;
      return {may_pass ? DeliveryState::later : DeliveryState::refused, {}, result.error()};
    }
    if (result->end == CommandEnd::exited && result->code == 0) return delivery;
    const bool later = (result->end == CommandEnd::exited && result->code == EX_TEMPFAIL) ||
                       result->end == CommandEnd::out_of_time || result->end == CommandEnd::stopped;
    delivery.state = later ? DeliveryState::later : DeliveryState::refused;
    // Nothing of what it said: that may be a token.
    delivery.error =
        fail(result->end == CommandEnd::stopped ? ErrorKind::cancelled : ErrorKind::transient,
             command.words.front() + ": " + to_string(*result, command))
            .value();
    if (!later) {
      delivery.error.kind = ErrorKind::internal;
      delivery.error.hint = "run it by hand with such a message to see what it says";
    }
    return delivery;
  }

 private:
  const Command command_;
};

NotifierSchema exec_schema() {
  NotifierSchema schema;
  schema.type = "exec";
  schema.doc =
      "A program that gets the message as JSON, one line on its standard input. Exit code 0: it "
      "was "
      "taken; 75, or no end in time: it is to be tried again; everything else: it is refused.";
  FieldSchema command{.name = "command",
                      .type = Type::list,
                      .doc =
                          "The program and its words; there is no shell. It runs in the folder of "
                          "`homeostat.yaml`.",
                      .required = true,
                      .words = true,
                      .fields = {{.name = "command"}},
                      .example = "[/usr/local/bin/page-me, --urgent]"};
  FieldSchema timeout{.name = "timeout",
                      .type = Type::duration,
                      .doc = "How long it may take; then it is killed, with all that it started.",
                      .default_value = "30s",
                      .min = 1,
                      .max = 3600,
                      .example = "1m"};
  schema.settings = {std::move(command), std::move(timeout)};
  return schema;
}

Result<std::unique_ptr<Notifier>> open_exec(const NotifierContext& context) {
  Command command;
  for (const nlohmann::json& word : context.settings.at("command")) {
    command.words.push_back(word.get<std::string>());
  }
  if (command.words.empty() || command.words.front().empty()) {
    return fail(ErrorKind::invalid_spec, "`command` names no program");
  }
  if (!context.folder.empty()) command.folder = context.folder;
  command.time_limit = time_limit(context);
  command.output_limit = output_limit;
  return std::make_unique<Exec>(std::move(command));
}

}  // namespace

NotifierType exec_type() { return {exec_schema, open_exec}; }

}  // namespace homeostat
