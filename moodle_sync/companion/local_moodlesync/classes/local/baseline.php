<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * What was last written, field by field, as read back.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The rows of local_moodlesync_baseline of one course (0: of the site) and namespace.
 *
 * A later plan compares with them: what Moodle shows now against what it showed after our last write.
 */
final class baseline {
    /** @var string what this plugin remembers of imported questions: no part of any answer. */
    public const QUESTION = 'question';

    /** The table. */
    private const TABLE = 'local_moodlesync_baseline';

    /**
     * Constructor.
     *
     * @param string $namespace the caller's namespace
     * @param int $courseid the course, 0 for the site
     */
    public function __construct(
        /** @var string the caller's namespace. */
        private readonly string $namespace,
        /** @var int the course, 0 for the site. */
        private readonly int $courseid,
    ) {
    }

    /**
     * Keeps the digests of desired values beside the values just read back.
     *
     * @param string $kind kind of object
     * @param string $key its key
     * @param array $desired field => digest
     * @param array $state the object, as read back
     * @param string $path of the item in the request
     */
    public function keep(string $kind, string $key, array $desired, array $state, string $path): void {
        $fields = [];
        foreach ($desired as $field => $digest) {
            [$found, $value] = self::look_up($state, (string)$field);
            if (!$found) {
                throw failure::payload("$path.desired.$field", 'names no field of the state');
            }
            $fields[$field] = ['desired' => $digest, 'observed' => $value];
        }
        $this->merge($kind, $key, $fields);
    }

    /**
     * Writes fields into a row, leaving its others alone.
     *
     * @param string $kind kind of object
     * @param string $key its key
     * @param array $fields field => value
     * @return bool whether anything changed
     */
    public function merge(string $kind, string $key, array $fields): bool {
        global $DB;
        if (!$fields) {
            return false;
        }
        $row = $DB->get_record(self::TABLE, $this->where($kind, $key));
        $value = $row ? json_decode($row->value) : new \stdClass();
        foreach ($fields as $field => $entry) {
            $value->{(string)$field} = $entry;
        }
        $text = answer::encode($value);
        if ($row && $row->value === $text) {
            return false;
        }
        $record = $this->where($kind, $key) + ['value' => $text, 'timemodified' => time()];
        if ($row) {
            $DB->update_record(self::TABLE, ['id' => $row->id] + $record);
        } else {
            $DB->insert_record(self::TABLE, $record);
        }
        return true;
    }

    /**
     * The rows of a kind.
     *
     * @param string $kind kind of object
     * @param string[] $keys their keys
     * @return \stdClass[] by key
     */
    public function of(string $kind, array $keys): array {
        global $DB;
        if (!$keys) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($keys, SQL_PARAMS_NAMED, 'k');
        $select = "namespace = :namespace AND courseid = :courseid AND kind = :kind AND objkey $in";
        $params += ['namespace' => $this->namespace, 'courseid' => $this->courseid, 'kind' => $kind];
        $rows = $DB->get_records_select_menu(self::TABLE, $select, $params, 'objkey', 'objkey, value');
        return array_map('json_decode', $rows);
    }

    /**
     * All rows but those that are only the plugin's own memory.
     *
     * @return array kind => key => fields
     */
    public function all(): array {
        global $DB;
        $rows = $DB->get_records(
            self::TABLE,
            ['namespace' => $this->namespace, 'courseid' => $this->courseid],
            'kind, objkey',
            'id, kind, objkey, value'
        );
        $all = [];
        foreach ($rows as $row) {
            if ($row->kind !== self::QUESTION) {
                $all[$row->kind][$row->objkey] = json_decode($row->value);
            }
        }
        return $all;
    }

    /**
     * Forgets a row.
     *
     * @param string $kind kind of object
     * @param string $key its key
     * @return bool whether there was one
     */
    public function drop(string $kind, string $key): bool {
        global $DB;
        $there = $DB->record_exists(self::TABLE, $this->where($kind, $key));
        $DB->delete_records(self::TABLE, $this->where($kind, $key));
        return $there;
    }

    /**
     * Finds a field of a state by name, or by path: "criteria/<key>/levels/<key>/score" goes into lists by their key.
     *
     * @param array $state the object, as read back
     * @param string $field name or path
     * @return array whether it is there, and its value
     */
    private static function look_up(array $state, string $field): array {
        if (array_key_exists($field, $state)) {
            return [true, $state[$field]];
        }
        $value = $state;
        foreach (explode('/', $field) as $step) {
            if (is_array($value) && array_is_list($value)) {
                $value = array_column($value, null, 'key');
            }
            if (!is_array($value) || !array_key_exists($step, $value)) {
                return [false, null];
            }
            $value = $value[$step];
        }
        return [true, $value];
    }

    /**
     * The fields by which a row is known.
     *
     * @param string $kind kind of object
     * @param string $key its key
     * @return array
     */
    private function where(string $kind, string $key): array {
        return ['namespace' => $this->namespace, 'courseid' => $this->courseid, 'kind' => $kind, 'objkey' => $key];
    }
}
