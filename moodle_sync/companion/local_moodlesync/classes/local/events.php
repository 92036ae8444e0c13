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
 * Calendar events of the course.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The dates of a session in the course's calendar, by key. Moodle has no idnumber for them: the key map knows which is which.
 */
final class events implements kind {
    /** Fields that are one column each, as they are. */
    private const COLUMNS = ['name' => 'name', 'description' => 'description', 'start' => 'timestart', 'location' => 'location'];

    /** Longest name and place, in characters. */
    private const LONGEST = 255;

    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
    }

    #[\Override]
    public function name(): string {
        return 'event';
    }

    #[\Override]
    public function parse(payload $payload): item {
        $payload->only('key', 'fields', 'desired');
        $fields = $payload->object('fields')->read([
            'name' => fn(payload $p, string $f) => $p->text($f, self::LONGEST),
            'description' => fn(payload $p, string $f) => $p->html($f),
            'start' => fn(payload $p, string $f) => $p->int($f, 1),
            'minutes' => fn(payload $p, string $f) => $p->int($f, 0, 525600),
            'location' => fn(payload $p, string $f) => $p->text($f, self::LONGEST, true),
            'visible' => fn(payload $p, string $f) => $p->bool($f),
        ]);
        return new item($payload->key('key'), $fields, $payload->digests('desired'), $payload->path);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $id = $this->scope->keys->id(keymap::EVENT, $item->key) ?? 0;
        $row = $this->rows($id)[$id] ?? null;
        $changes = values::changes($item->fields, $row ? self::state($row) : []);
        if (!$row) {
            $id = $this->create($item);
            $this->scope->keys->set(keymap::EVENT, $item->key, $id);
        } else if ($changes) {
            $this->update($id, $changes);
        }
        $action = $row ? ($changes ? outcome::UPDATED : outcome::UNCHANGED) : outcome::CREATED;
        return new outcome($action, $id, self::state($this->rows($id)[$id]));
    }

    /**
     * The events that have a key.
     *
     * @return array entries
     */
    public function states(): array {
        $keys = $this->scope->keys->keys(keymap::EVENT);
        $rows = array_intersect_key($this->rows(), $keys);
        return array_map(fn($row) => [
            'key' => $keys[$row->id],
            'id' => (int)$row->id,
            'state' => self::state($row),
        ], array_values($rows));
    }

    /**
     * Makes an event.
     *
     * @param item $item the item
     * @return int its id
     */
    private function create(item $item): int {
        global $CFG;
        require_once($CFG->dirroot . '/calendar/lib.php');
        foreach (array_diff(['name', 'start'], array_keys($item->fields)) as $field) {
            throw failure::payload($item->at($field), 'is missing, and a new event needs one');
        }
        $columns = self::columns($item->fields) + ['description' => '', 'timeduration' => 0, 'location' => '', 'visible' => 1];
        return (int)\calendar_event::create((object)($columns + [
            'eventtype' => 'course',
            'courseid' => (int)$this->scope->course->id,
            'categoryid' => 0,
            'groupid' => 0,
            'modulename' => '',
            'instance' => 0,
            'format' => FORMAT_HTML,
        ]), false)->id;
    }

    /**
     * Writes the fields that differ.
     *
     * @param int $id the event
     * @param array $changes field => wanted value
     */
    private function update(int $id, array $changes): void {
        global $CFG;
        require_once($CFG->dirroot . '/calendar/lib.php');
        $format = isset($changes['description']) ? ['format' => FORMAT_HTML] : [];
        \calendar_event::load($id)->update((object)(self::columns($changes) + $format), false);
    }

    /**
     * Fields as columns.
     *
     * @param array $fields field => value
     * @return array column => value
     */
    private static function columns(array $fields): array {
        $columns = [];
        foreach (array_intersect_key(self::COLUMNS, $fields) as $field => $column) {
            $columns[$column] = $fields[$field];
        }
        if (isset($fields['minutes'])) {
            $columns['timeduration'] = $fields['minutes'] * MINSECS;
        }
        if (isset($fields['visible'])) {
            $columns['visible'] = (int)$fields['visible'];
        }
        return $columns;
    }

    /**
     * The fields of an event.
     *
     * @param \stdClass $row row of event
     * @return array
     */
    private static function state(\stdClass $row): array {
        return [
            'name' => (string)$row->name,
            'description' => (string)$row->description,
            'start' => (int)$row->timestart,
            'minutes' => intdiv((int)$row->timeduration, MINSECS),
            'location' => (string)$row->location,
            'visible' => (bool)$row->visible,
        ];
    }

    /**
     * Events of the course that no activity made.
     *
     * @param int|null $id one event, null for all
     * @return \stdClass[] by id
     */
    private function rows(?int $id = null): array {
        global $DB;
        $where = ['courseid' => $this->scope->course->id, 'modulename' => ''] + ($id === null ? [] : ['id' => $id]);
        $columns = 'id, name, description, timestart, timeduration, location, visible';
        return $DB->get_records('event', $where, 'timestart, id', $columns);
    }
}
