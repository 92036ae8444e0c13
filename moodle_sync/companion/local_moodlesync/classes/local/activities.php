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
 * Activities.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

use local_moodlesync\local\modules\module;

/**
 * Activities of the types that can be written, known by the idnumber of their course module.
 */
final class activities implements kind {
    /** @var activity_index finds them. */
    private readonly activity_index $index;

    /** @var sections finds their sections. */
    private readonly sections $sections;

    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
        $this->index = new activity_index($scope);
        $this->sections = new sections($scope);
    }

    #[\Override]
    public function name(): string {
        return 'activity';
    }

    #[\Override]
    public function parse(payload $payload): item {
        global $DB;
        $payload->only('key', 'modname', 'section', 'fields', 'desired');
        $modname = $payload->choice('modname', module::WRITABLE);
        $module = module::of($modname, $this->scope);
        $longest = $DB->get_columns($modname)['name']->max_length;
        $readers = array_diff_key([
            'name' => fn(payload $p, string $f) => $p->text($f, $longest),
            'intro' => fn(payload $p, string $f) => $p->html($f),
            'visible' => fn(payload $p, string $f) => $p->bool($f),
            'section' => fn(payload $p, string $f) => $p->key($f),
            'completion' => fn(payload $p, string $f) => completion_rule::parse($p, $f, $module->rules()),
        ], array_flip($module->lacks()));
        $fields = $payload->object('fields')->read($readers + $module->readers());
        $more = ['modname' => $modname, 'section' => $payload->has('section') ? $payload->key('section') : null];
        return new item($payload->key('key'), $fields, $payload->digests('desired'), $payload->path, $more);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $module = module::of($item->more['modname'], $this->scope);
        $cm = $this->index->find($item->key, "$item->path.key");
        $created = $cm === null;
        if ($created) {
            $cm = $this->create($module, $item);
        } else if ($cm->modname !== $item->more['modname']) {
            throw new failure('wrongmodname', "$item->path.modname", (object)['key' => $item->key, 'modname' => $cm->modname]);
        }
        $changed = $this->write($module, $cm, $item);
        $action = $created ? outcome::CREATED : ($changed ? outcome::UPDATED : outcome::UNCHANGED);
        return new outcome($action, (int)$cm->id, $this->state($this->index->reload($cm->id)));
    }

    /**
     * Makes an activity with the site's defaults.
     *
     * @param module $module its type
     * @param item $item the item
     * @return \stdClass course module
     */
    private function create(module $module, item $item): \stdClass {
        global $CFG;
        require_once($CFG->dirroot . '/course/lib.php');
        $modname = $item->more['modname'];
        require_capability("mod/$modname:addinstance", $this->scope->context);
        foreach (array_diff($module->needs(), array_keys($item->fields)) as $field) {
            throw failure::payload($item->at($field), 'is missing, and a new activity needs one');
        }
        $key = $item->fields['section'] ?? $item->more['section']
            ?? throw failure::payload("$item->path.section", 'is missing, and a new activity needs one');
        $section = $this->section($key, isset($item->fields['section']) ? $item->at('section') : "$item->path.section");
        $made = create_module((object)($module->defaults() + [
            'modulename' => $modname,
            'course' => $this->scope->course->id,
            'section' => (int)$section->section,
            'visible' => (int)$section->visible,
            'visibleoncoursepage' => 1,
            'cmidnumber' => $this->scope->idnumber($item->key, "$item->path.key"),
            'name' => $item->fields['name'] ?? '',
            'introeditor' => ['text' => '', 'format' => FORMAT_HTML, 'itemid' => file_get_unused_draft_itemid()],
            'groupmode' => $this->scope->course->groupmode,
            'groupingid' => $this->scope->course->defaultgroupingid,
        ]));
        $cm = $this->index->reload((int)$made->coursemodule);
        if (!$cm->sectionvisible) {
            $this->set_visible($cm, true);
            $cm = $this->index->reload((int)$cm->id);
        }
        return $cm;
    }

    /**
     * Writes the fields that differ.
     *
     * @param module $module its type
     * @param \stdClass $cm course module
     * @param item $item the item
     * @return bool whether any did
     */
    private function write(module $module, \stdClass $cm, item $item): bool {
        $before = $this->state($cm);
        $changes = array_filter(
            $item->fields,
            fn($value, $field) => $module->differs($field, $value, $before[$field] ?? null, $cm, $item),
            ARRAY_FILTER_USE_BOTH
        );
        if (!$changes) {
            return false;
        }
        $module->check($changes + $before, $changes, $item);
        $this->write_place($cm, $changes, $item);
        $module->write_texts($cm, $changes);
        $module->write($cm, $changes, $item);
        if (isset($changes['completion'])) {
            $now = $this->index->reload((int)$cm->id);
            completion_rule::write($this->scope->course, $now, $changes['completion'], $item->at('completion'));
        }
        $this->after_write($cm);
        return true;
    }

    /**
     * Moves an activity, shows it, hides it.
     *
     * @param \stdClass $cm course module
     * @param array $changes field => wanted value
     * @param item $item the item
     */
    private function write_place(\stdClass $cm, array $changes, item $item): void {
        global $CFG;
        require_once($CFG->dirroot . '/course/lib.php');
        if (isset($changes['section'])) {
            $section = $this->section($changes['section'], $item->at('section'));
            moveto_module(get_coursemodule_from_id('', $cm->id, 0, false, MUST_EXIST), $section);
        }
        if (isset($changes['visible'])) {
            require_capability('moodle/course:activityvisibility', \context_module::instance($cm->id));
            $this->set_visible($this->index->reload((int)$cm->id), $changes['visible']);
        }
    }

    /**
     * Shows or hides an activity. In a hidden section only what it is to be once the section is shown.
     *
     * @param \stdClass $cm course module, up to date
     * @param bool $visible what is wanted
     */
    private function set_visible(\stdClass $cm, bool $visible): void {
        global $DB;
        set_coursemodule_visible($cm->id, (int)($visible && $cm->sectionvisible), $cm->visibleoncoursepage);
        $DB->set_field('course_modules', 'visibleold', (int)$visible, ['id' => $cm->id]);
    }

    /**
     * What Moodle does after a change of settings: calendar, caches, grade book, event.
     *
     * @param \stdClass $cm course module
     */
    private function after_write(\stdClass $cm): void {
        global $CFG, $DB;
        require_once($CFG->libdir . '/gradelib.php');
        $courseid = (int)$this->scope->course->id;
        $fresh = get_coursemodule_from_id('', $cm->id, 0, false, MUST_EXIST);
        \course_modinfo::purge_course_module_cache($courseid, $cm->id);
        rebuild_course_cache($courseid, false, true);
        course_module_update_calendar_events($cm->modname, $DB->get_record($cm->modname, ['id' => $cm->instance]), $fresh);
        grade_regrade_final_grades($courseid);
        \core\event\course_module_updated::create_from_cm($fresh, \context_module::instance($cm->id))->trigger();
    }

    /**
     * The section of a key.
     *
     * @param string $key key of the section
     * @param string $path of the key in the request
     * @return \stdClass row of course_sections
     */
    private function section(string $key, string $path): \stdClass {
        global $DB;
        $id = $this->sections->find($key) ?? throw new failure('nosuchkey', $path, (object)['kind' => 'section', 'key' => $key]);
        return $DB->get_record('course_sections', ['id' => $id], '*', MUST_EXIST);
    }

    /**
     * All fields of one activity.
     *
     * @param \stdClass $cm course module, up to date
     * @return array
     */
    private function state(\stdClass $cm): array {
        return (new activity_state($this->scope))->read([$cm])[0];
    }
}
