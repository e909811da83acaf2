package postgres

import "context"

// Setting is a setting of the server as a writing connection has it.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.writers.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value)
	return value, err
}
