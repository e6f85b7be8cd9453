"""Everything on one machine: embedded servers, a supervisor that forks the services, the command line."""
