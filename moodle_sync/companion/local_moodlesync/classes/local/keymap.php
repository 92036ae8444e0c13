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
 * Our keys of what has no idnumber in Moodle.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The rows of local_moodlesync_map of one course and namespace.
 *
 * A row says which object a key meant when it was written. It counts only while that object exists in this course:
 * whoever asks has to look. A row that came with a backup of another course (its origin) is a copy, and does not count.
 */
final class keymap {
    /** @var string a course section. */
    public const SECTION = 'section';
    /** @var string a rubric criterion, "<activity key>/<criterion key>". */
    public const CRITERION = 'criterion';
    /** @var string a rubric level, "<activity key>/<criterion key>/<level key>". */
    public const LEVEL = 'level';
    /** @var string a row of user_enrolments. */
    public const ENROLMENT = 'enrolment';
    /** @var string the role that we gave with an enrolment, by the enrolment's key. */
    public const ROLE = 'role';

    /** @var string an item of a feedback, "<activity key>/<item key>". */
    public const ITEM = 'item';
    /** @var string a calendar event of the course. */
    public const EVENT = 'event';
    /** @var string a row of groups_members that we made, "<group key>/<user id>". */
    public const MEMBER = 'member';

    /** The table. */
    private const TABLE = 'local_moodlesync_map';

    /** Which rows count. */
    private const COUNTS = 'namespace = :namespace AND courseid = :courseid AND kind = :kind
                            AND (origin IS NULL OR origin = :origin)';

    /**
     * Constructor.
     *
     * @param string $namespace the caller's namespace
     * @param int $courseid the course
     * @param string $idnumber the course's idnumber
     */
    public function __construct(
        /** @var string the caller's namespace. */
        private readonly string $namespace,
        /** @var int the course. */
        private readonly int $courseid,
        /** @var string the course's idnumber. */
        private readonly string $idnumber,
    ) {
    }

    /**
     * The id that a key stands for.
     *
     * @param string $kind one of the constants
     * @param string $key our key
     * @return int|null
     */
    public function id(string $kind, string $key): ?int {
        global $DB;
        $select = self::COUNTS . ' AND objkey = :objkey';
        $id = $DB->get_field_select(self::TABLE, 'objid', $select, $this->counting($kind) + ['objkey' => $key]);
        return $id === false ? null : (int)$id;
    }

    /**
     * All ids of a kind.
     *
     * @param string $kind one of the constants
     * @return int[] by key
     */
    public function ids(string $kind): array {
        global $DB;
        $rows = $DB->get_records_select_menu(self::TABLE, self::COUNTS, $this->counting($kind), 'objkey', 'objkey, objid');
        return array_map('intval', $rows);
    }

    /**
     * All keys of a kind, by id.
     *
     * @param string $kind one of the constants
     * @return string[]
     */
    public function keys(string $kind): array {
        return array_map('strval', array_flip($this->ids($kind)));
    }

    /**
     * Says what a key stands for from now on.
     *
     * @param string $kind one of the constants
     * @param string $key our key
     * @param int $id Moodle's id
     */
    public function set(string $kind, string $key, int $id): void {
        global $DB;
        $where = $this->where($kind) + ['objkey' => $key];
        if ($row = $DB->get_record(self::TABLE, $where)) {
            $counts = $row->origin === null || $row->origin === $this->idnumber;
            if ((int)$row->objid !== $id || !$counts) {
                $DB->update_record(self::TABLE, ['id' => $row->id, 'objid' => $id, 'origin' => null, 'timecreated' => time()]);
            }
            return;
        }
        $DB->insert_record(self::TABLE, $where + ['objid' => $id, 'timecreated' => time()]);
    }

    /**
     * Forgets a key.
     *
     * @param string $kind one of the constants
     * @param string $key our key
     */
    public function drop(string $kind, string $key): void {
        global $DB;
        $DB->delete_records(self::TABLE, $this->where($kind) + ['objkey' => $key]);
    }

    /**
     * Parameters of COUNTS.
     *
     * @param string $kind one of the constants
     * @return array
     */
    private function counting(string $kind): array {
        return $this->where($kind) + ['origin' => $this->idnumber];
    }

    /**
     * The fields that every row of a kind has.
     *
     * @param string $kind one of the constants
     * @return array
     */
    private function where(string $kind): array {
        return ['namespace' => $this->namespace, 'courseid' => $this->courseid, 'kind' => $kind];
    }
}
