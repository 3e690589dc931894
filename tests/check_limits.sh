#!/bin/bash
# No source file or script above 400 lines, no line of C++ above 100 columns (characters, not bytes).
#   tests/check_limits.sh [DIRECTORY]    this repository, or the one in DIRECTORY
#   tests/check_limits.sh --self-test    plants one offender of each rule and expects each to be named
set -uo pipefail
script=$(realpath "${BASH_SOURCE[0]}")
# Run from a Git hook, these would point every `git` below at the hook's repository.
unset $(git rev-parse --local-env-vars)
max_lines=400
max_columns=100

check() {
  cd "$1" || return 1
  local file lines long ok=yes
  local -a sources=() cpp=()
  while IFS= read -r -d '' file; do
    [ -f "$file" ] || continue  # deleted, and not committed yet
    case "$file" in
      *.cpp | *.hpp) sources+=("$file"); cpp+=("$file") ;;
      *.h | *.py | *.sh | *.js | *.ts | *.css | *.html) sources+=("$file") ;;
      .ci/run | tests/install | tests/run | tests/*/run | examples/*/run) sources+=("$file") ;;
    esac
  done < <(git ls-files -z)
  if [ ${#cpp[@]} = 0 ]; then
    echo "no C++ found in $PWD" >&2
    return 1
  fi
  for file in "${sources[@]}"; do
    lines=$(grep -ac '' <"$file")
    if [ "$lines" -gt $max_lines ]; then
      echo "$file: $lines lines, at most $max_lines are allowed"
      ok=no
    fi
  done
  # UTF-8 is counted by its first bytes, so that the result does not depend on installed locales.
  long=$(LC_ALL=C grep -HnaoP "^[\x80-\xBF]*([^\x80-\xBF][\x80-\xBF]*+){$((max_columns + 1))}" \
    -- "${cpp[@]}")
  [ $? -le 1 ] || return 1
  if [ -n "$long" ]; then
    sed -E "s/^([^:]*:[0-9]+):.*/\1: a line above $max_columns columns/" <<<"$long"
    ok=no
  fi
  [ $ok = yes ] || return 1
  echo "limits: ${#sources[@]} files have at most $max_lines lines," \
    "${#cpp[@]} of C++ at most $max_columns columns"
}

self_test() {
  local tree output code expected named file full wide
  tree=$(mktemp -d) || return 1
  trap "rm -rf '$tree'" EXIT
  cd "$tree" || return 1
  git init --quiet
  mkdir -p .ci tests/bench examples/one docs
  full=$(yes '//' | head -n $max_lines)
  wide=$(printf 'ü%.0s' $(seq $max_columns))
  # Just within the limits, or not ours to limit.
  local -a limited=(a.cpp a.hpp a.h a.py a.sh a.js a.ts a.css a.html
    .ci/run tests/run tests/install tests/bench/run examples/one/run)
  for file in "${limited[@]}"; do echo "$full" >"$file"; done
  printf '%s\n' "$full" more >docs/long.md
  printf '//\n%s\n' "$wide" >wide.cpp
  printf '//\n%s\n' "$wide" >wide.hpp
  echo "# $wide" >wide.py
  git add .
  printf '%s\n' "$full" more >untracked.cpp
  if ! output=$("$script" "$tree" 2>&1); then
    echo "a clean tree was refused:"
    echo "$output"
    return 1
  fi
  # The last line counts even when nothing ends it.
  for file in "${limited[@]}"; do printf more >>"$file"; done
  printf '//\n%s.\n' "$wide" >wide.cpp
  printf '//\n.%s' "$wide" >wide.hpp
  output=$("$script" "$tree" 2>&1)
  code=$?
  expected=$(printf '%s\n' "${limited[@]/%/: $((max_lines + 1)) lines, at most $max_lines are allowed}" \
    {wide.cpp,wide.hpp}":2: a line above $max_columns columns" | LC_ALL=C sort)
  named=$(LC_ALL=C sort <<<"$output")
  if [ $code != 1 ] || [ "$named" != "$expected" ]; then
    echo "ended with $code; expected (<) and named (>) offenders differ:"
    diff <(echo "$expected") <(echo "$named")
    return 1
  fi
  echo "limits: each of $((${#limited[@]} + 2)) planted offenders is named"
}

case "${1-}" in
  --self-test) self_test ;;
  *) check "${1:-$(dirname "$script")/..}" ;;
esac
