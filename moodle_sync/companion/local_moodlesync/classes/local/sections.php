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
 * Course sections.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

use core_courseformat\formatactions;

/**
 * Sections by key. Those that no key maps to are never touched, except that they make room.
 */
final class sections implements kind {
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
        return 'section';
    }

    #[\Override]
    public function parse(payload $payload): item {
        global $DB;
        $payload->only('key', 'fields', 'desired');
        $longest = $DB->get_columns('course_sections')['name']->max_length;
        $fields = $payload->object('fields')->read([
            'name' => fn(payload $p, string $f) => $p->text($f, $longest),
            'summary' => fn(payload $p, string $f) => $p->html($f),
            'position' => fn(payload $p, string $f) => $p->int($f, 1, 1000),
            'visible' => fn(payload $p, string $f) => $p->bool($f),
        ]);
        return new item($payload->key('key'), $fields, $payload->digests('desired'), $payload->path);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $id = $this->find($item->key);
        $created = $id === null;
        if ($created) {
            if (!isset($item->fields['name'])) {
                throw failure::payload($item->at('name'), 'is missing, and a new section needs one');
            }
            $id = (int)formatactions::section($this->scope->course)->create()->id;
            $this->scope->keys->set(keymap::SECTION, $item->key, $id);
            rebuild_course_cache($this->scope->course->id, true);
        }
        $changed = $this->write($id, $item->fields);
        $action = $created ? outcome::CREATED : ($changed ? outcome::UPDATED : outcome::UNCHANGED);
        return new outcome($action, $id, $this->states($id)[$item->key]['state']);
    }

    /**
     * The id of a section of ours that still exists in this course.
     *
     * @param string $key its key
     * @return int|null
     */
    public function find(string $key): ?int {
        global $DB;
        $id = $this->scope->keys->id(keymap::SECTION, $key);
        $there = $id && $DB->record_exists('course_sections', ['id' => $id, 'course' => $this->scope->course->id]);
        return $there ? $id : null;
    }

    /**
     * The sections that have a key, in their order.
     *
     * @param int|null $only one section, null for all
     * @return array key => entry
     */
    public function states(?int $only = null): array {
        global $DB;
        $keys = $this->scope->keys->keys(keymap::SECTION);
        $where = ['course' => $this->scope->course->id] + ($only ? ['id' => $only] : []);
        $fields = 'id, section, name, summary, visible';
        $entries = [];
        foreach ($DB->get_records('course_sections', $where, 'section', $fields) as $row) {
            if (isset($keys[$row->id])) {
                $entries[$keys[$row->id]] = [
                    'key' => $keys[$row->id],
                    'id' => (int)$row->id,
                    'state' => [
                        'name' => (string)$row->name,
                        'summary' => (string)$row->summary,
                        'position' => (int)$row->section,
                        'visible' => (bool)$row->visible,
                    ],
                ];
            }
        }
        return $entries;
    }

    /**
     * Writes the fields that differ.
     *
     * @param int $id the section
     * @param array $fields wanted fields
     * @return bool whether any did
     */
    private function write(int $id, array $fields): bool {
        global $DB;
        $row = $DB->get_record('course_sections', ['id' => $id], '*', MUST_EXIST);
        $changes = [];
        if (isset($fields['name']) && $fields['name'] !== (string)$row->name) {
            $changes['name'] = $fields['name'];
        }
        if (isset($fields['summary']) && $fields['summary'] !== (string)$row->summary) {
            $changes += ['summary' => $fields['summary'], 'summaryformat' => FORMAT_HTML];
        }
        if (isset($fields['visible']) && $fields['visible'] !== (bool)$row->visible) {
            require_capability('moodle/course:sectionvisibility', $this->scope->context);
            $changes['visible'] = (int)$fields['visible'];
        }
        if ($changes) {
            $info = get_fast_modinfo($this->scope->course->id)->get_section_info_by_id($id, MUST_EXIST);
            formatactions::section($this->scope->course)->update($info, $changes);
        }
        $moved = isset($fields['position']) && $this->move((int)$row->section, $fields['position']);
        return $changes || $moved;
    }

    /**
     * Moves a section, at most behind the last one that is no part of an activity.
     *
     * @param int $from its number
     * @param int $to the number wanted
     * @return bool whether it moved
     */
    private function move(int $from, int $to): bool {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/course/lib.php');
        $last = $DB->get_field_select(
            'course_sections',
            'MAX(section)',
            'course = ? AND component IS NULL',
            [$this->scope->course->id]
        );
        $to = min($to, (int)$last);
        if ($to === $from) {
            return false;
        }
        require_capability('moodle/course:movesections', $this->scope->context);
        if (!move_section_to($this->scope->course, $from, $to, true)) {
            throw new failure('notmoved', '', (object)['from' => $from, 'to' => $to]);
        }
        return true;
    }
}
