cargo_c_checks() { :; }
