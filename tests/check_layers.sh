#!/bin/bash
# Includes point down only: reconciler/cli -> reconciler -> providers/core -> specs, and
# providers/<name> -> providers/core -> specs. A C or parser library is seen by the files that wrap it.
#   tests/check_layers.sh [DIRECTORY]    this repository, or the one in DIRECTORY
#   tests/check_layers.sh --self-test    plants one offender of each rule and expects each to be named
set -uo pipefail
script=$(realpath "${BASH_SOURCE[0]}")
# Run from a Git hook, these would point every `git` below at the hook's repository.
unset $(git rev-parse --local-env-vars)

# Sets `why` when FILE must not include OURS, a path from the repository's root.
judge_ours() {
  local file=$1 ours=$2 home
  case "$file" in
    tests/*) return ;;
  esac
  case "$ours" in
    tests/*) why="only tests/ may include tests/"; return ;;
  esac
  case "$file" in
    specs/*)
      case "$ours" in
        specs/*) ;;
        *) why="specs/ may include specs/ only" ;;
      esac ;;
    providers/core/*)
      case "$ours" in
        specs/* | providers/core/*) ;;
        *) why="providers/core/ may include specs/ and providers/core/ only" ;;
      esac ;;
    providers/*/*)
      home=${file#providers/}
      home=providers/${home%%/*}
      case "$ours" in
        specs/* | providers/core/* | "$home"/*) ;;
        *) why="$home/ may include specs/, providers/core/ and itself only" ;;
      esac ;;
    reconciler/*)
      case "$ours" in
        reconciler/cli/*)
          [[ $file == reconciler/cli/* ]] || why="only reconciler/cli/ may include reconciler/cli/" ;;
        specs/* | providers/core/* | reconciler/*) ;;
        *) why="reconciler/ may include specs/, providers/core/ and reconciler/ only" ;;
      esac ;;
    *)
      case "$ours" in
        providers/core/*) ;;
        providers/*) why="only providers/<name>/ and tests/ may include a concrete provider" ;;
      esac ;;
  esac
}

# Sets `why` when FILE must not include LIBRARY, a header of somebody else's.
judge_library() {
  local file=$1 library=$2
  case "$library" in
    yaml-cpp/*)
      [[ $file =~ ^specs/yaml[a-z_]*\.[ch]pp$ || $file == tests/bench/* ]] ||
        why="yaml-cpp belongs in specs/yaml*.{hpp,cpp} and tests/bench/" ;;
    git2.h | git2/*)
      [[ $file =~ ^specs/git\.[ch]pp$ || $file == reconciler/history.cpp || $file == reconciler/follow/* ]] ||
        why="libgit2 belongs in specs/git.{hpp,cpp}, reconciler/history.cpp and reconciler/follow/" ;;
    sqlite3.h)
      [[ $file =~ ^reconciler/ledger[a-z_]*\.[ch]pp$ || $file == tests/* ]] ||
        why="sqlite3 belongs in reconciler/ledger*.{hpp,cpp} and tests/" ;;
    curl/*)
      [[ $file =~ ^providers/core/http[a-z_]*\.cpp$ || $file == reconciler/notify/smtp.cpp ]] ||
        why="libcurl belongs in providers/core/http*.cpp and reconciler/notify/smtp.cpp" ;;
    date/*)
      [[ $file == reconciler/cron.cpp ]] || why="the tz library belongs in reconciler/cron.cpp" ;;
    microhttpd.h)
      [[ $file == reconciler/serve/* ]] || why="libmicrohttpd belongs in reconciler/serve/" ;;
    httplib.h)
      [[ $file == tests/support/* ]] || why="cpp-httplib belongs in tests/support/" ;;
    CLI/*)
      [[ $file == reconciler/cli/* ]] || why="CLI11 belongs in reconciler/cli/" ;;
  esac
}

# Sets `why` when TEXT, an include line of FILE, breaks a rule. What cannot be judged breaks one too.
judge() {
  local file=$1 text=$2 plain='^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<])([^">]+)[">]' path quote
  why=
  if ! [[ $text =~ $plain ]]; then
    why="an include names its file plainly"
    return
  fi
  quote=${BASH_REMATCH[1]}
  path=${BASH_REMATCH[2]}
  case "/$path/" in
    *//* | */./* | */../*) why="an include is written from the repository's root"; return ;;
  esac
  case "$path" in
    specs/* | providers/* | reconciler/* | tests/*) judge_ours "$file" "$path" ;;
    *)
      judge_library "$file" "$path"
      if [ -z "$why" ] && [ "$quote" = '"' ]; then
        why="an include is written from the repository's root"
      fi ;;
  esac
}

check() {
  cd "$1" || return 1
  local includes code file line text why count=0 offences=0
  includes=$(git grep --no-color -anE '^[[:space:]]*#[[:space:]]*include' -- '*.cpp' '*.hpp')
  code=$?
  if [ $code -gt 1 ] || [ -z "$includes" ]; then
    echo "no includes found in $PWD" >&2
    return 1
  fi
  while IFS=: read -r file line text; do
    count=$((count + 1))
    judge "$file" "$text"
    [ -n "$why" ] || continue
    offences=$((offences + 1))
    echo "$file:$line: $why: ${text%$'\r'}"
  done <<<"$includes"
  [ $offences = 0 ] || return 1
  echo "layers: $count includes point down"
}

self_test() {
  local tree output code expected named
  tree=$(mktemp -d) || return 1
  trap "rm -rf '$tree'" EXIT
  cd "$tree" || return 1
  git init --quiet
  # One line of one file; the offenders' lines come second, so that the line number counts.
  put() {
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >>"$1"
    git add "$1"
  }
  local -a fine=(
    'specs/load.cpp:#include "specs/load.hpp"'
    'specs/yaml_emit.cpp:#include <yaml-cpp/parser.h>'
    'specs/git.hpp:#include <git2.h>'
    'providers/core/merge.cpp:#include "specs/result.hpp"'
    'providers/core/provider.cpp:#include "providers/core/provider.hpp"'
    'providers/core/http_client.cpp:#include <curl/curl.h>'
    'tests/support/fake_http.cpp:#include <httplib.h>'
    'providers/one/api.cpp:#include "providers/one/api.hpp"'
    'providers/one/convert.cpp:#include "providers/core/merge.hpp"'
    'providers/one/one.cpp:#include "specs/result.hpp"'
    'reconciler/plan.cpp:#include "providers/core/provider.hpp"'
    'reconciler/guard.cpp:#include "reconciler/plan.hpp"'
    'reconciler/diff.cpp:#include "specs/result.hpp"'
    'reconciler/history.cpp:#include <git2.h>'
    'reconciler/follow/store.cpp:#include <git2.h>'
    'reconciler/ledger_db.cpp:#include <sqlite3.h>'
    'reconciler/cron.cpp:#include <date/tz.h>'
    'reconciler/notify/smtp.cpp:#include <curl/curl.h>'
    'reconciler/serve/engine.cpp:#include <microhttpd.h>'
    'reconciler/order.cpp:#include "specs/cron.hpp"'
    'reconciler/cli/main.cpp:#include <CLI/CLI.hpp>'
    'reconciler/cli/apply.cpp:#include "reconciler/cli/cli.hpp"'
    'examples/embed.cpp:#include "providers/core/provider.hpp"'
    'tests/one_test.cpp:#include "providers/one/api.hpp"'
    'tests/two_test.cpp:#include "tests/support/spec.hpp"'
    'tests/three_test.cpp:#include <sqlite3.h>'
    'tests/four_test.cpp:#include "reconciler/serve/server.hpp"'
    'tests/bench/floor.cpp:#include <yaml-cpp/yaml.h>'
  )
  local -a wrong=(
    'specs/load.cpp:#include "providers/core/provider.hpp"'
    'specs/yaml_emit.cpp:#include "reconciler/plan.hpp"'
    'specs/git.hpp:#include "providers/one/api.hpp"'
    'providers/core/merge.cpp:#include "reconciler/plan.hpp"'
    'providers/core/provider.cpp:#include "providers/one/api.hpp"'
    'providers/core/http_client.cpp:#include <httplib.h>'
    'tests/support/fake_http.cpp:#include <curl/curl.h>'
    'providers/one/api.cpp:#include "providers/two/api.hpp"'
    'providers/one/convert.cpp:#include "reconciler/plan.hpp"'
    'providers/one/one.cpp:#include "providers/one_more/api.hpp"'
    'reconciler/plan.cpp:#include "providers/one/api.hpp"'
    'reconciler/guard.cpp:#include "reconciler/cli/cli.hpp"'
    'reconciler/diff.cpp:#include "tests/support/spec.hpp"'
    'reconciler/history.cpp:#include <yaml-cpp/yaml.h>'
    'reconciler/ledger_db.cpp:#include <git2.h>'
    'reconciler/cron.cpp:#include <sqlite3.h>'
    'reconciler/order.cpp:#include <date/tz.h>'
    'reconciler/cli/main.cpp:#include <sqlite3.h>'
    'reconciler/cli/apply.cpp:  #  include <providers/one/api.hpp>'
    'examples/embed.cpp:#include "providers/one/api.hpp"'
    'tests/four_test.cpp:#include <microhttpd.h>'
    'tests/one_test.cpp:#include <CLI/CLI.hpp>'
    'tests/two_test.cpp:#include "support/spec.hpp"'
    'tests/three_test.cpp:#include "tests/../reconciler/plan.hpp"'
    'tests/bench/floor.cpp:#include FLOOR_HEADER'
  )
  local entry
  for entry in "${fine[@]}"; do put "${entry%%:*}" "${entry#*:}"; done
  if ! output=$("$script" "$tree" 2>&1); then
    echo "a clean tree was refused:"
    echo "$output"
    return 1
  fi
  for entry in "${wrong[@]}"; do put "${entry%%:*}" "${entry#*:}"; done
  output=$("$script" "$tree" 2>&1)
  code=$?
  expected=$(printf '%s\n' "${wrong[@]}" | sed 's/:.*/:2/' | LC_ALL=C sort)
  named=$(sed -E 's/^([^:]*:[0-9]+):.*/\1/' <<<"$output" | LC_ALL=C sort)
  if [ $code != 1 ] || [ "$named" != "$expected" ]; then
    echo "ended with $code; expected (<) and named (>) offenders differ:"
    diff <(echo "$expected") <(echo "$named")
    return 1
  fi
  echo "layers: each of ${#wrong[@]} planted offenders is named"
}

case "${1-}" in
  --self-test) self_test ;;
  *) check "${1:-$(dirname "$script")/..}" ;;
esac
