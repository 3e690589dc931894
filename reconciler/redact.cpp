#include "reconciler/redact.hpp"
