#!/usr/bin/env bash
# Builds the real Ollama from its Go module into .ollama/, for the tests that talk to one.
# Needs go, a C++ compiler, the Go module proxy, and Debian's nlohmann-json3-dev and libstb-dev.
set -euo pipefail

version=v0.11.10 # the newest that `go install` builds whole: later ones want their runners built by CMake
malgo=v0.11.24   # carries miniaudio.h, which the module of Ollama leaves out

target="$(cd "$(dirname "$0")/../.." && pwd)/.ollama"
if [ -x "$target/ollama" ]; then
  echo "$target/ollama is there already."
  exit 0
fi
command -v go >/dev/null || { echo "No go: Ollama cannot be built." >&2; exit 1; }
if ! { [ -e /usr/include/nlohmann/json.hpp ] && [ -e /usr/include/stb/stb_image.h ]; }; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nlohmann-json3-dev libstb-dev >/dev/null
  else
    echo "Install nlohmann-json3-dev and libstb-dev first." >&2
    exit 1
  fi
fi

headers="$(mktemp -d)"
trap 'rm -rf "$headers"' EXIT
module="$(cd "$headers" && go mod download -json "github.com/gen2brain/malgo@$malgo" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')"
mkdir -p "$headers/miniaudio" "$target"
cp "$module/miniaudio.h" "$headers/miniaudio/"
CGO_ENABLED=1 CGO_CXXFLAGS="-O2 -I$headers" GOBIN="$target" go install "github.com/ollama/ollama@$version"
echo "Built $target/ollama."
